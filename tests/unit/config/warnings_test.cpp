// SPDX-License-Identifier: BSD-3-Clause
#include "config/warnings.h"

#include <catch2/catch.hpp>

#include "config/load.h"

using namespace lbd::config;
using Catch::Matchers::Contains;

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

std::string service(const std::string& keys, const std::string& address = "10.0.0.100") {
    return "services: [{name: web, address: " + address + ", port: 80, " + keys + "}]\n";
}

const std::string backends = "backends: [{address: 10.0.0.11}]";

} // namespace

TEST_CASE("an ordinary configuration has no warnings") {
    CHECK(warned(service(backends)).empty());
}

TEST_CASE("capture without hugepages is warned of") {
    CHECK_THAT(warned("capture: true\nmemory: {hugepages: false}\n"),
               Contains("capture has no effect without hugepages"));
    CHECK(warned("capture: true\n").empty());
    CHECK(warned("memory: {hugepages: false}\n").empty());
}

TEST_CASE("weights of nothing but 0 are warned of") {
    CHECK_THAT(warned(service("backends: [{address: 10.0.0.11, weight: 0}]")),
               Contains("service web: all weights are 0"));
}

TEST_CASE("a service without backends is warned of") {
    CHECK_THAT(warned(service("backends: []")), Contains("has no backends"));
}

TEST_CASE("weights that rr ignores are warned of") {
    CHECK_THAT(warned(service("scheduler: rr, backends: [{address: 10.0.0.11, weight: 5}]")),
               Contains("rr ignores weights"));
}

TEST_CASE("weights that lc ignores are warned of") {
    CHECK_THAT(warned(service("scheduler: lc, backends: [{address: 10.0.0.11, weight: 5}]")),
               Contains("lc ignores weights other than 0; wlc follows them"));
    CHECK(warned(service("scheduler: wlc, backends: [{address: 10.0.0.11, weight: 5}]")).empty());
}

TEST_CASE("keys that have no effect without another are warned of") {
    CHECK_THAT(warned(service("hash_port: true, " + backends)),
               Contains("hash_port has an effect with the schedulers sh and mh only"));
    CHECK(warned(service("hash_port: true, scheduler: sh, " + backends)).empty());
    CHECK(warned(service("hash_port: true, scheduler: mh, persistence: 60s, " + backends)).empty());
    CHECK_THAT(warned(service("limits: {client_prefix: 24}, " + backends)),
               Contains("client_prefix has no effect without connections_per_client"));
    CHECK(warned(service("limits: {client_prefix: 24, connections_per_client: 9}, " + backends))
              .empty());
    CHECK_THAT(warned(service("persistence_while_drained: move, " + backends)),
               Contains("no effect without persistence"));
}

TEST_CASE("omega of which nobody is told is warned of") {
    CHECK_THAT(warned(service("omega: true, " + backends)), Contains("omega has no effect"));
    CHECK_THAT(warned(service("omega: true, notify: [{script: [/x], on: [quorum_regained]}], " +
                              backends)),
               Contains("omega has no effect"));
    CHECK(warned(service("omega: true, notify: [{script: [/x]}], " + backends)).empty());
    CHECK(warned("notifications: {scripts: [{script: [/x], on: [down]}]}\n" +
                 service("omega: true, " + backends))
              .empty());
}

TEST_CASE("an IPv6 service address that nobody answers for is warned of") {
    CHECK_THAT(warned(service("backends: []", "'2001:db8::100'")),
               Contains("nobody answers neighbour solicitations for it"));
}

TEST_CASE("a service on the source address of a VLAN's health checks is warned of") {
    const auto all = warnings(
        load_text("ports: [{device: 'af_packet:eth1', vlans: [{id: 5, addresses: [10.0.0.2/24, "
                  "'2001:db8::100/64', '2001:db8::2/64']}]}]\n"
                  "services: [{name: web, address: '2001:db8::100', port: 80, backends: [{address: "
                  "'2001:db8::11'}]}]",
                  "x"));
    REQUIRE(all.size() == 1);
    CHECK_THAT(all[0], Contains("2001:db8::100 is the first address of VLAN lb0.5, from which"));
}

TEST_CASE("a service address that does not move with VRRP is warned of") {
    const std::string vrrp = "vrrp: [{name: v, vrid: 1, virtual_addresses: [10.0.0.101]}]\n";
    CHECK_THAT(warned(vrrp + service(backends)), Contains("not a virtual address of any VRRP"));
    CHECK(warned(vrrp + service(backends, "10.0.0.101")).empty());
}

TEST_CASE("a service address that nobody answers for is warned of") {
    CHECK_THAT(warned(service(backends, "10.0.0.101")), Contains("nobody answers ARP for it"));
}

TEST_CASE("a service on the source address of health checks is warned of") {
    CHECK_THAT(warned(service(backends, "10.0.0.2")), Contains("first address of port lb0"));
}

TEST_CASE("state master without priority 255 is warned of") {
    CHECK_THAT(warned("vrrp: [{name: v, vrid: 1, state: master, virtual_addresses: [10.0.0.9]}]"),
               Contains("state master has no effect"));
}

TEST_CASE("a very short advertisement interval is warned of") {
    CHECK_THAT(warned("vrrp: [{name: v, vrid: 1, interval: 20ms, virtual_addresses: [10.0.0.9]}]"),
               Contains("interval below 100ms"));
}
