// SPDX-License-Identifier: BSD-3-Clause
#include "config/warnings.h"

#include "config/load.h"
#include "tests/unit/catch.h"

using namespace lbd::config;
using Catch::Matchers::ContainsSubstring;

namespace {

std::string warned(const std::string& rest) {
    std::string all;
    for (const auto& warning :
         warnings(load_text("ports: [{device: 'af_packet:eth1', addresses: [10.0.0.2/24, "
                            "10.0.0.100/32]}]\n" +
                                rest,
                            "x"))) {
        all += warning + '\n';
    }
    return all;
}

std::string web_service(const std::string& keys, const std::string& address = "10.0.0.100") {
    return "services: [{name: web, address: " + address + ", port: 80, " + keys + "}]\n";
}

const std::string one_backend = "backends: [{address: 10.0.0.11}]";

} // namespace

TEST_CASE("an ordinary configuration has no warnings") {
    CHECK(warned(web_service(one_backend)).empty());
}

TEST_CASE("capture without hugepages is warned of") {
    CHECK_THAT(warned("capture: true\nmemory: {hugepages: false}\n"),
               ContainsSubstring("capture has no effect without hugepages"));
    CHECK(warned("capture: true\n").empty());
    CHECK(warned("memory: {hugepages: false}\n").empty());
}

TEST_CASE("an example's key is warned of") {
    const std::string vrrp =
        "vrrp: [{name: VI_1, vrid: 1, virtual_addresses: [10.0.0.101]}]\nsync: {peers: "
        "[10.0.0.3], ";
    CHECK_THAT(warned(vrrp + "key: replace-me-by-openssl-rand-hex-16}\n"),
               ContainsSubstring("sync: the key is an example's"));
    CHECK(warned(vrrp + "key: 4f6c1f6d0a3b4e5f8a7b9c0d1e2f3a4b}\n").empty());
}

TEST_CASE("weights of nothing but 0 are warned of") {
    CHECK_THAT(warned(web_service("backends: [{address: 10.0.0.11, weight: 0}]")),
               ContainsSubstring("service web: all weights are 0"));
}

TEST_CASE("a service without backends is warned of") {
    CHECK_THAT(warned(web_service("backends: []")), ContainsSubstring("has no backends"));
}

TEST_CASE("weights that rr ignores are warned of") {
    CHECK_THAT(warned(web_service("scheduler: rr, backends: [{address: 10.0.0.11, weight: 5}]")),
               ContainsSubstring("rr ignores weights"));
}

TEST_CASE("weights that lc ignores are warned of") {
    CHECK_THAT(warned(web_service("scheduler: lc, backends: [{address: 10.0.0.11, weight: 5}]")),
               ContainsSubstring("lc ignores weights other than 0; wlc follows them"));
    CHECK(
        warned(web_service("scheduler: wlc, backends: [{address: 10.0.0.11, weight: 5}]")).empty());
}

TEST_CASE("keys that have no effect without another are warned of") {
    CHECK_THAT(warned(web_service("hash_port: true, " + one_backend)),
               ContainsSubstring("hash_port has an effect with the schedulers sh and mh only"));
    CHECK(warned(web_service("hash_port: true, scheduler: sh, " + one_backend)).empty());
    CHECK(warned(web_service("hash_port: true, scheduler: mh, persistence: 60s, " + one_backend))
              .empty());
    CHECK_THAT(warned(web_service("limits: {client_prefix: 24}, " + one_backend)),
               ContainsSubstring("client_prefix has no effect without connections_per_client"));
    CHECK(warned(
              web_service("limits: {client_prefix: 24, connections_per_client: 9}, " + one_backend))
              .empty());
    CHECK_THAT(warned(web_service("persistence_while_drained: move, " + one_backend)),
               ContainsSubstring("no effect without persistence"));
}

TEST_CASE("omega of which nobody is told is warned of") {
    CHECK_THAT(warned(web_service("omega: true, " + one_backend)),
               ContainsSubstring("omega has no effect"));
    CHECK_THAT(warned(web_service("omega: true, notify: [{script: [/x], on: [quorum_regained]}], " +
                                  one_backend)),
               ContainsSubstring("omega has no effect"));
    CHECK(warned(web_service("omega: true, notify: [{script: [/x]}], " + one_backend)).empty());
    CHECK(warned("notifications: {scripts: [{script: [/x], on: [down]}]}\n" +
                 web_service("omega: true, " + one_backend))
              .empty());
}

TEST_CASE("an IPv6 service address that nobody answers for is warned of") {
    CHECK_THAT(warned(web_service("backends: []", "'2001:db8::100'")),
               ContainsSubstring("nobody answers neighbour solicitations for it"));
}

TEST_CASE("a service on the source address of a VLAN's health checks is warned of") {
    const auto all = warnings(
        load_text("ports: [{device: 'af_packet:eth1', vlans: [{id: 5, addresses: [10.0.0.2/24, "
                  "'2001:db8::100/64', '2001:db8::2/64']}]}]\n"
                  "services: [{name: web, address: '2001:db8::100', port: 80, backends: [{address: "
                  "'2001:db8::11'}]}]",
                  "x"));
    REQUIRE(all.size() == 1);
    CHECK_THAT(all[0],
               ContainsSubstring("2001:db8::100 is the first address of VLAN lb0.5, from which"));
}

TEST_CASE("a service address that does not move with VRRP is warned of") {
    const std::string vrrp = "vrrp: [{name: v, vrid: 1, virtual_addresses: [10.0.0.101]}]\n";
    CHECK_THAT(warned(vrrp + web_service(one_backend)),
               ContainsSubstring("not a virtual address of any VRRP"));
    CHECK(warned(vrrp + web_service(one_backend, "10.0.0.101")).empty());
}

TEST_CASE("a service address that nobody answers for is warned of") {
    CHECK_THAT(warned(web_service(one_backend, "10.0.0.101")),
               ContainsSubstring("nobody answers ARP for it"));
}

TEST_CASE("a service on the source address of health checks is warned of") {
    CHECK_THAT(warned(web_service(one_backend, "10.0.0.2")),
               ContainsSubstring("first address of port lb0"));
}

TEST_CASE("state master without priority 255 is warned of") {
    CHECK_THAT(warned("vrrp: [{name: v, vrid: 1, state: master, virtual_addresses: [10.0.0.9]}]"),
               ContainsSubstring("state master has no effect"));
}

TEST_CASE("a very short advertisement interval is warned of") {
    CHECK_THAT(warned("vrrp: [{name: v, vrid: 1, interval: 20ms, virtual_addresses: [10.0.0.9]}]"),
               ContainsSubstring("interval below 100ms"));
}

TEST_CASE("priority 255, which no owner has here, is warned of") {
    const auto router = [](const std::string& priority) {
        return "vrrp: [{name: v, vrid: 1, priority: " + priority +
               ", virtual_addresses: [10.0.0.9]}]";
    };
    CHECK_THAT(warned(router("255")), ContainsSubstring("vrrp v: priority 255 is for a router"));
    CHECK(warned(router("254")).empty());
}

TEST_CASE("a group whose intervals differ is warned of") {
    const auto two = [](const std::string& first, const std::string& second) {
        return "vrrp: [{name: v, vrid: 1, virtual_addresses: [10.0.0.9], " + first +
               "}, {name: w, vrid: 2, virtual_addresses: [10.0.0.8], " + second + "}]";
    };
    CHECK_THAT(warned(two("group: g", "group: g, interval: 2s")),
               ContainsSubstring("vrrp w: its interval, 2s, is not the 1s of v in the same group"));
    CHECK(warned(two("group: g", "group: g")).empty());
    CHECK(warned(two("group: g", "group: h, interval: 2s")).empty());
    CHECK(warned(two("priority: 90", "interval: 2s")).empty());
}

TEST_CASE("a virtual address outside of the port's subnets is warned of") {
    CHECK_THAT(warned("vrrp: [{name: v, vrid: 1, virtual_addresses: [10.0.0.9, 192.0.2.9]}]"),
               ContainsSubstring("vrrp v: 192.0.2.9 is in none of the subnets of port lb0") &&
                   !ContainsSubstring("10.0.0.9 is in none"));
}

TEST_CASE("VRRP without real-time priority is warned of") {
    const std::string ordinary = "control: {realtime_priority: 0}\n";
    CHECK_THAT(warned(ordinary + "vrrp: [{name: v, vrid: 1, virtual_addresses: [10.0.0.9]}]"),
               ContainsSubstring("realtime_priority 0"));
    CHECK(warned(ordinary).empty());
}

TEST_CASE("synchronisation without VRRP is warned of") {
    const std::string sync = "sync: {peers: [10.0.0.3], key: a-secret-of-this-pair}\n";
    CHECK_THAT(warned(sync), ContainsSubstring("without a VRRP instance no address moves"));
    CHECK(warned(sync + "vrrp: [{name: v, vrid: 1, virtual_addresses: [10.0.0.9]}]").empty());
}

TEST_CASE("a quorum that is never reached is warned of") {
    const auto with = [](const std::string& keys) {
        return warned(web_service(keys + ", backends: [{address: 10.0.0.11, weight: 2}, {address: "
                                         "10.0.0.12, weight: 3}, {address: 10.0.0.13, sorry: true, "
                                         "weight: 9}]"));
    };
    CHECK_THAT(with("quorum: 6"),
               ContainsSubstring("are 5 in all, so it never has its quorum of 6"));
    CHECK_THAT(with("quorum: 5, hysteresis: 1"),
               ContainsSubstring("is lost is never regained, for which it takes 6"));
    CHECK(with("quorum: 5").empty());
}

TEST_CASE("persistence that is longer than its memory lasts is warned of") {
    CHECK_THAT(warned(web_service("persistence: 1d, " + one_backend)),
               ContainsSubstring("memory.persistence_entries has room for 262144 clients") &&
                   ContainsSubstring("full at 3 to 4 new clients a second"));
    CHECK(warned(web_service("persistence: 1h, " + one_backend)).empty());
    CHECK(warned("memory: {persistence_entries: 524288}\n" +
                 web_service("persistence: 1d, " + one_backend))
              .size() > 0);
    CHECK(warned("memory: {persistence_entries: 524288}\nworkers: {count: 4}\n" +
                 web_service("persistence: 1d, " + one_backend))
              .empty());
}
