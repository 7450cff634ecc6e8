// SPDX-License-Identifier: BSD-3-Clause
// keepalived.conf for tests, and what becomes of it.
#pragma once

#include <string>

#include "config/keepalived/import.h"
#include "config/load.h"
#include "tests/unit/catch.h"

namespace lbd::config::keepalived {

inline Prefix prefix(const char* text) {
    return *Prefix::parse(text);
}

// A director with an address on eth0; programs without a path are in /usr/bin, but for `missing`.
inline Options director() {
    Options options;
    options.config_id = "director";
    options.host = "director.example.org";
    options.addresses["eth0"] = {prefix("192.0.2.2/24"), prefix("2001:db8::2/64")};
    options.find_program = [](const std::string& name) {
        return name == "missing" || name.find("no_such") == 0 ? "" : "/usr/bin/" + name;
    };
    return options;
}

inline Imported imported(const std::string& text, const Options& options = director()) {
    return import_text(text, "keepalived.conf", options);
}

// The configuration that lbd reads from what the importer wrote.
inline Config loaded(const std::string& text, const Options& options = director()) {
    const auto result = imported(text, options);
    INFO(result.yaml << result.reports);
    return load_text(result.yaml, "imported.yaml");
}

inline bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

// What Malformed says; empty if it is not thrown.
inline std::string malformed(const std::string& text) {
    try {
        imported(text);
    } catch (const Malformed& error) {
        return error.what();
    }
    return "";
}

inline std::string instance(const std::string& lines) {
    return "vrrp_instance VI_1 {\ninterface eth0\nvirtual_router_id 51\nvirtual_ipaddress {\n"
           "192.0.2.100\n}\n" +
           lines + "\n}\n";
}

inline std::string server(const std::string& lines, const std::string& of_real = "") {
    return "virtual_server 192.0.2.100 80 {\nprotocol TCP\nlvs_method DR\n" + lines +
           "\nreal_server 192.0.2.11 80 {\n" + of_real + "\n}\n}\n";
}

} // namespace lbd::config::keepalived
