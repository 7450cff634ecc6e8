// SPDX-License-Identifier: BSD-3-Clause
// What the parts of the converter share.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/keepalived/import.h"
#include "config/keepalived/keywords.h"
#include "config/keepalived/networks.h"

namespace lbd::config::keepalived {

// global_defs and other blocks of the top level, as far as others build upon them.
struct Globals {
    unsigned vrrp_version = 2;
    bool strict = false;
    Yaml garp; // garp_* of instances that have none
    std::string default_interface = "eth0";
    std::string script_user; // empty: not given
    Yaml mail;
    std::vector<const Block*> mail_lines; // that it is made from
    Yaml timeouts;
    Yaml control;
    std::string name;
    Yaml tls; // of SSL_GET
};

// Those that are taken, and the number to try next behind each.
using Names = std::map<std::string, unsigned>;

struct Scene {
    const Options& options;
    Report& report;
    Networks networks;
    Globals globals{};
    Names names{}; // of services
};

// Letters, digits, _ - and . of it, at most as long as lbd's names are; unlike any in `taken`,
// where it is put.
std::string label_of(std::string_view name, Names& taken);

// Sets `script` of what keepalived runs, `user` from the words behind it or the global one. False
// if there is no program to run, which is reported.
bool put_script(Yaml& item, const Block& line, Scene& scene);

// A line such as notify_master "/path arguments" user: an item of `notify` for the events.
std::optional<Yaml> notify_of(const Block& line, const std::vector<std::string>& events,
                              Scene& scene);

} // namespace lbd::config::keepalived
