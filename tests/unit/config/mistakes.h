// SPDX-License-Identifier: BSD-3-Clause
// What a user sees for a mistake.
#pragma once

#include <string>
#include <vector>

#include "config/load.h"
#include "tests/unit/catch.h"

namespace lbd::config {

// Three lines, so that what follows begins in line 4.
inline const std::string port = R"(ports:
  - device: af_packet:eth1
    addresses: [10.0.0.2/24]
)";

inline std::string errors_of(const std::string& text) {
    try {
        load_text(text, "f");
    } catch (const Errors& errors) {
        return errors.what();
    }
    return "no error";
}

struct Mistake {
    std::string text; // after what comes before
    std::string error;
};

inline void check(const std::vector<Mistake>& mistakes, const std::string& before = port) {
    for (const auto& mistake : mistakes) {
        INFO(mistake.text);
        CHECK(errors_of(before + mistake.text) == mistake.error);
    }
}

inline std::string service(const std::string& keys) {
    return "services:\n  - {name: a, address: 10.0.0.100, port: 80, " + keys + "}\n";
}

inline std::string router(const std::string& keys) {
    return "vrrp:\n  - {name: v, vrid: 1, virtual_addresses: [10.0.0.100], " + keys + "}\n";
}

} // namespace lbd::config
