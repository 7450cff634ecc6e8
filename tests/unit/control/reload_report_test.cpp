// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/reload_report.h"

#include "config/load.h"
#include "tests/unit/catch.h"

namespace lbd::control {

namespace {

config::Config load(const std::string& services, const std::string& rest = "") {
    return config::load_text("ports: [{device: 'af_packet:eth0', addresses: [10.0.0.1/24]}]\n" +
                                 rest + "services:\n" + services,
                             "test.yaml");
}

const std::string web =
    "  - {name: web, address: 10.0.0.100, port: 80, backends: ["
    "{address: 10.0.0.11}, {address: 10.0.0.12}]}\n";

} // namespace

TEST_CASE("a reload of the same file changes nothing") {
    CHECK(describe_changes(load(web), load(web)).empty());
    CHECK(needs_restart(load(web), load(web)).empty());
}

TEST_CASE("a reload names what it adds, removes and changes") {
    const std::string after =
        "  - {name: web, address: 10.0.0.100, port: 80, backends: ["
        "{address: 10.0.0.12, weight: 5}, {address: 10.0.0.13}]}\n"
        "  - {name: dns, address: 10.0.0.100, port: 53, protocol: udp, backends: []}\n";
    CHECK(describe_changes(load(web), load(after)) ==
          std::vector<std::string>{"removed backend 10.0.0.11 of service web",
                                   "changed backend 10.0.0.12 of service web: weight 1 -> 5",
                                   "added backend 10.0.0.13 of service web", "added service dns"});
}

TEST_CASE("a reload names what it changes about who is told") {
    CHECK(describe_changes(load(web), load(web, "notifications: {syslog: user}\n")) ==
          std::vector<std::string>{"changed notifications"});
    CHECK(needs_restart(load(web), load(web, "notifications: {syslog: user}\n")).empty());
    const std::string omega =
        "  - {name: web, address: 10.0.0.100, port: 80, omega: true, backends: ["
        "{address: 10.0.0.11, notify: [{script: [/x]}]}, {address: 10.0.0.12}]}\n";
    CHECK(describe_changes(load(web), load(omega)) ==
          std::vector<std::string>{"changed service web",
                                   "changed backend 10.0.0.11 of service web"});
}

TEST_CASE("what cannot change at run time is named") {
    CHECK(needs_restart(load(web), load(web, "memory: {flows: 4096}\nworkers: {count: 2}\n")) ==
          std::vector<std::string>{"workers", "memory"});
    CHECK(needs_restart(load(web), load(web, "capture: true\n")) ==
          std::vector<std::string>{"capture"});
}

} // namespace lbd::control
