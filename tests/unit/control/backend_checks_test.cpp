// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/backend_checks.h"

#include "config/load.h"
#include "tests/unit/catch.h"

namespace lbd::control {

namespace {

using health::Verdict;

struct Scene {
    config::Config config;
    Roster roster;
    BackendChecks checks;

    explicit Scene(const std::string& services)
        : config(config::load_text("ports: [{name: lb0, device: af_packet:eth1, addresses: "
                                   "[10.0.0.2/24]}]\nservices:\n" +
                                       services,
                                   "f")) {
        roster.adopt(config);
        checks.adopt(roster, config::networks(config));
    }
    Health judge(Health before, const std::vector<Verdict>& verdicts) {
        std::size_t next = 0;
        return checks.judge(0, before, [&](const health::Target&) { return verdicts.at(next++); });
    }
};

const std::string two_checks =
    "  - {name: a, address: 10.0.0.100, port: 80, backends: [{address: 10.0.0.11, checks: [{type: "
    "tcp}, {type: ping}]}]}\n";

} // namespace

TEST_CASE("a backend is up if all its checks say so, and down if one does") {
    Scene scene(two_checks);
    CHECK(scene.judge(Health::unknown, {Verdict::up, Verdict::up}) == Health::up);
    CHECK(scene.judge(Health::up, {Verdict::up, Verdict::down}) == Health::down);
    CHECK(scene.judge(Health::up, {Verdict::down, Verdict::unknown}) == Health::down);
    CHECK(scene.judge(Health::unknown, {Verdict::up, Verdict::unknown}) == Health::unknown);
}

TEST_CASE("a check that a reload adds changes nothing before it has judged") {
    Scene scene(two_checks);
    CHECK(scene.judge(Health::up, {Verdict::up, Verdict::unknown}) == Health::up);
    CHECK(scene.judge(Health::down, {Verdict::up, Verdict::unknown}) == Health::down);
}

TEST_CASE("a backend without checks is up") {
    Scene scene(
        "  - {name: a, address: 10.0.0.100, port: 80, health: {type: none}, backends: [{address: "
        "10.0.0.11}]}\n");
    CHECK(scene.checks.targets().empty());
    CHECK(scene.judge(Health::unknown, {}) == Health::up);
}

TEST_CASE("services whose backends are checked alike share the check") {
    Scene scene(
        "  - {name: a, address: 10.0.0.100, port: 80, backends: [{address: 10.0.0.11}]}\n"
        "  - {name: b, address: 10.0.0.101, port: 80, backends: [{address: 10.0.0.11}]}\n");
    REQUIRE(scene.checks.targets().size() == 1);
    CHECK(scene.checks.backends_of(*scene.checks.targets().begin()) == BackendChecks::Slots{0, 1});
}

TEST_CASE("the check of a virtual address goes to the backend from the director's own address") {
    Scene scene(
        "  - {name: a, address: 10.0.0.100, port: 80, backends: [{address: 10.0.0.11, mac: "
        "'02:00:00:00:00:0b', health: {type: none, check_vip: true}}]}\n"
        "  - {name: u, address: 10.0.0.100, port: 53, protocol: udp, backends: [{address: "
        "10.0.0.11, health: {check_vip: true}}]}\n");
    REQUIRE(scene.checks.of(0).size() == 1);
    const health::Probe& tcp = scene.checks.of(0)[0].probe;
    CHECK(tcp.kind == health::Probe::Kind::vip);
    CHECK(tcp.address.to_string() == "10.0.0.11");
    CHECK(tcp.vip.to_string() == "10.0.0.100");
    CHECK(tcp.source.to_string() == "10.0.0.2");
    CHECK(tcp.interface == "lb0");
    CHECK(tcp.port == 80);
    CHECK(tcp.mac == health::Mac{2, 0, 0, 0, 0, 11});
    REQUIRE(scene.checks.of(1).size() == 1);
    CHECK(scene.checks.of(1)[0].probe.port == 0); // by echo
}

} // namespace lbd::control
