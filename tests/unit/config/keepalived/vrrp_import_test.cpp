// SPDX-License-Identifier: BSD-3-Clause

#include "imported.h"
#include "tests/unit/catch.h"

using namespace lbd::config;
using namespace lbd::config::keepalived;

TEST_CASE("an instance without more has keepalived's defaults") {
    const auto config = loaded(instance(""));
    REQUIRE(config.vrrp.size() == 1);
    CHECK(config.vrrp[0].name == "VI_1");
    CHECK(config.vrrp[0].version == 2);
    CHECK(config.vrrp[0].priority == 100);
    CHECK(config.vrrp[0].interval == Seconds(1));
    CHECK(config.vrrp[0].preempt);
    CHECK(config.ports[0].name == "lb0");
    CHECK(config.ports[0].device.name == "eth0");
}

TEST_CASE("the first eight characters of a password count, in version 2") {
    const std::string password = "authentication {\nauth_type PASS\nauth_pass secret12345\n}";
    CHECK(has(imported(instance(password)).yaml, "password: secret12\n"));
    const auto third = imported(instance(password + "\nversion 3"));
    CHECK_FALSE(has(third.yaml, "password: "));
    CHECK(has(third.reports, "keepalived.conf:9: auth_pass: not carried over: version 3"));
}

TEST_CASE("a weight above 0 is part of the priority while all is well") {
    const auto result = imported("vrrp_script up {\nscript \"true x\"\nweight 7\n}\n" +
                                 instance("priority 50\ntrack_script {\nup\nup weight -3\n}"));
    CHECK(has(result.yaml, "priority: 57"));
    CHECK(has(result.yaml, "script: [/usr/bin/true, x]"));
    CHECK(has(result.yaml, "lower_priority_by: 7"));
    CHECK(has(result.yaml, "lower_priority_by: 3"));
    CHECK(result.complete);
}

TEST_CASE("in a group weights do not count, and its scripts are run once") {
    const auto group = std::string("vrrp_script s {\nscript /bin/true\nweight 7\n}\n") +
                       "vrrp_sync_group G {\ngroup {\nVI_1\n}\nnotify_master /bin/true\n}\n";
    const auto result = imported(group + instance("track_script {\ns\n}"));
    CHECK(has(result.yaml, "group: G"));
    CHECK(has(result.yaml, "priority: 100\n"));
    CHECK_FALSE(has(result.yaml, "lower_priority_by"));
    CHECK(has(result.yaml, "- {script: [/bin/true], on: [master]}"));
}

TEST_CASE("the owner of the addresses has no weights") {
    const auto result = imported("vrrp_script s {\nscript /bin/true\nweight -7\n}\n" +
                                 instance("priority 255\nstate MASTER\ntrack_script {\ns\n}"));
    CHECK(has(result.yaml, "state: master"));
    CHECK(has(result.reports, "keepalived.conf:14: s: not carried over"));
}

TEST_CASE("a program that is nowhere is reported") {
    const auto result =
        imported("vrrp_script s {\nscript missing\n}\n" + instance("track_script {\ns\n}"));
    CHECK(has(result.reports, "keepalived.conf:2: script: not carried over"));
    CHECK(has(result.reports, "keepalived.conf:11: s: not carried over"));
    CHECK_FALSE(has(result.yaml, "track:"));
}

TEST_CASE("what eth0.10 was is a VLAN of eth0's port, unless it is said to be a device") {
    const auto text =
        "vrrp_instance VI_1 {\ninterface eth0.10\nvirtual_router_id 1\n"
        "virtual_ipaddress {\n198.51.100.1\n}\n}\n";
    auto options = director();
    options.addresses["eth0.10"] = {prefix("198.51.100.2/24")};
    const auto vlan = loaded(text, options);
    REQUIRE(vlan.ports.size() == 1);
    REQUIRE(vlan.ports[0].vlans.size() == 1);
    CHECK(vlan.vrrp[0].port == "lb0.10");
    options.devices["eth0.10"] = "0000:3b:00.0";
    const auto device = loaded(text, options);
    CHECK(device.ports.size() == 2);
    CHECK(device.ports[0].device.name == "0000:3b:00.0");
}

TEST_CASE("addresses of the director come from the command line, the machine, static_ipaddress") {
    auto options = director();
    options.addresses.clear();
    const auto none = imported(instance(""), options);
    CHECK(has(none.yaml, "FIXME: addresses"));
    CHECK(has(none.reports, "eth0: the director's own address is not known"));
    CHECK_FALSE(none.complete);
    CHECK(
        has(imported("static_ipaddress {\n192.0.2.7/24 dev eth0\n}\n" + instance(""), options).yaml,
            "addresses: [192.0.2.7/24]"));
    options.addresses_here = [](const std::string& interface) {
        return interface == "eth0"
                   ? std::vector<Prefix>{prefix("192.0.2.100/24"), prefix("192.0.2.8/24")}
                   : std::vector<Prefix>{};
    };
    // A virtual address that keepalived has there just now is not the director's own.
    CHECK(has(imported(instance(""), options).yaml, "addresses: [192.0.2.8/24]"));
    options.addresses["eth0"] = {prefix("192.0.2.9/24")};
    CHECK(has(imported(instance(""), options).yaml, "addresses: [192.0.2.9/24]"));
}

TEST_CASE("names that lbd does not allow are changed, and that is reported") {
    const auto result = imported(
        "vrrp_instance \"VI 1/x\" {\ninterface eth0\nvirtual_router_id "
        "1\nvirtual_ipaddress {\n192.0.2.100\n}\n}\n");
    CHECK(has(result.yaml, "name: VI-1-x"));
    CHECK(has(result.reports, "keepalived.conf:1: vrrp_instance: changed: its name becomes"));
}

TEST_CASE("mail goes out if there is somebody to get it") {
    const std::string server = "smtp_server 192.0.2.25 587\n";
    const std::string to = "notification_email {\nops@example.org\n}\n";
    const auto whole = imported("global_defs {\n" + server + to + "}\n" + instance(""));
    CHECK(has(whole.yaml, "to: [ops@example.org]"));
    CHECK(has(whole.yaml, "from: keepalived@director.example.org"));
    CHECK(has(whole.yaml, "timeout: 30s"));
    const auto part = imported("global_defs {\n" + server + "}\n" + instance(""));
    CHECK_FALSE(has(part.yaml, "notifications"));
    CHECK(has(part.yaml, "# keepalived.conf:2: smtp_server"));
}

TEST_CASE("a script runs as the user behind it, else as script_user") {
    const auto text = "global_defs {\nscript_user daemon\n}\n" +
                      instance(
                          "notify_backup \"/bin/a 'b c'x\" nobody nogroup\n"
                          "notify_fault /bin/a\nnotify_stop \"/bin/a 'b'\" nobody");
    const auto result = imported(text);
    CHECK(has(result.reports, "keepalived.conf:10: notify_backup: not carried over: the argument"));
    CHECK(has(result.yaml, "{script: [/bin/a], user: daemon, on: [fault]}"));
    CHECK(has(result.yaml, "{script: [/bin/a, b], user: nobody, on: [stop]}"));
}
