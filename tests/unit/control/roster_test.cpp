// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/roster.h"

#include <algorithm>
#include <set>

#include "tests/unit/catch.h"

namespace lbd::control {

namespace {

using dataplane::BackendSlot;

config::Backend backend(const char* address, std::uint32_t weight = 1) {
    config::Backend backend{};
    backend.address = *config::IpAddress::parse(address);
    backend.port = 80;
    backend.weight = weight;
    backend.checks.resize(1);
    return backend;
}

config::Service service(const char* address, std::vector<config::Backend> backends) {
    config::Service service{};
    service.name = address;
    service.port_name = "lb0";
    service.address = *config::IpAddress::parse(address);
    service.port = 80;
    service.protocol = config::Protocol::tcp;
    service.scheduler = config::Scheduler::wrr;
    service.persistence_prefix = 32;
    service.backends = std::move(backends);
    return service;
}

config::Config configuration(std::vector<config::Service> services) {
    config::Config config{};
    config.ports.resize(1);
    config.ports[0].name = "lb0";
    config.services = std::move(services);
    return config;
}

BackendSlot slot_of(const Roster& roster, const char* address) {
    const auto& records = roster.backends();
    const auto found = std::find_if(records.begin(), records.end(), [&](const auto& record) {
        return record.in_slot && record.config.address == *config::IpAddress::parse(address);
    });
    REQUIRE(found != records.end());
    return static_cast<BackendSlot>(found - records.begin());
}

void make_up(Roster& roster, const char* address) {
    roster.set_mac(0, *config::IpAddress::parse(address), config::MacAddress{{2, 0, 0, 0, 0, 1}});
    roster.set_health(slot_of(roster, address), Health::up);
}

bool nothing_in_use(BackendSlot) {
    return false;
}

} // namespace

TEST_CASE("a backend is in rotation only when healthy, resolved and weighted") {
    Roster roster;
    roster.adopt(configuration({service("192.0.2.1", {backend("10.0.0.1")})}));
    CHECK(compute(roster.plan())->service(0).ring.empty());
    CHECK(roster.backends()[0].state() == "no_mac");
    roster.set_mac(0, *config::IpAddress::parse("10.0.0.1"),
                   config::MacAddress{{2, 0, 0, 0, 0, 1}});
    CHECK(compute(roster.plan())->service(0).ring.empty());
    CHECK(roster.backends()[0].state() == "pending");
    roster.set_health(0, Health::up);
    CHECK(compute(roster.plan())->service(0).ring == std::vector<BackendSlot>{0});
    CHECK(roster.backends()[0].state() == "up");
    roster.adopt(configuration({service("192.0.2.1", {backend("10.0.0.1", 0)})}));
    CHECK(compute(roster.plan())->service(0).ring.empty());
    CHECK(compute(roster.plan())->backend(0).fate == dataplane::FlowFate::forward);
    CHECK(roster.backends()[0].state() == "drained");
}

TEST_CASE("slots and what is known of backends survive a reload in another order") {
    Roster roster;
    roster.adopt(configuration({service("192.0.2.1", {backend("10.0.0.1"), backend("10.0.0.2")})}));
    make_up(roster, "10.0.0.1");
    make_up(roster, "10.0.0.2");
    const BackendSlot one = slot_of(roster, "10.0.0.1");
    const BackendSlot two = slot_of(roster, "10.0.0.2");
    roster.adopt(configuration(
        {service("192.0.2.9", {backend("10.0.0.9")}),
         service("192.0.2.1", {backend("10.0.0.3"), backend("10.0.0.2"), backend("10.0.0.1")})}));
    CHECK(slot_of(roster, "10.0.0.1") == one);
    CHECK(slot_of(roster, "10.0.0.2") == two);
    CHECK(roster.backends()[one].health == Health::up);
    CHECK(roster.backends()[one].mac_known);
}

TEST_CASE("what is done by hand survives a reload, until it is undone") {
    Roster roster;
    const config::Config config = configuration({service("192.0.2.1", {backend("10.0.0.1", 5)}),
                                                 service("192.0.2.2", {backend("10.0.0.1", 5)})});
    roster.adopt(config);
    const auto address = *config::IpAddress::parse("10.0.0.1");
    for (const BackendSlot slot : {0, 1}) roster.set_health(slot, Health::up);
    roster.set_mac(0, address, config::MacAddress{});
    CHECK(roster.set_by_hand(*config::IpAddress::parse("10.0.0.9"), "", {0, false}).empty());
    CHECK(roster.set_by_hand(address, "nothing", {0, false}).empty());
    CHECK(roster.set_by_hand(address, "192.0.2.2", {0, false}) == std::vector<BackendSlot>{1});
    CHECK(roster.backends()[0].state() == "up");
    CHECK(roster.backends()[1].state() == "drained");
    CHECK_FALSE(roster.backends()[1].takes_new_connections());
    CHECK(compute(roster.plan())->backend(1).fate == dataplane::FlowFate::forward);
    CHECK(roster.set_by_hand(address, "", {{}, true}).size() == 2);
    CHECK(roster.backends()[1].state() == "disabled");
    CHECK(compute(roster.plan())->backend(1).fate == dataplane::FlowFate::reschedule);
    roster.adopt(config);
    CHECK(roster.backends()[0].state() == "disabled");
    CHECK(roster.set_by_hand(address, "", {7, false}).size() == 2);
    roster.plan(); // judges the quorum
    CHECK(roster.backends()[0].weight() == 7);
    CHECK(roster.backends()[0].takes_new_connections());
    CHECK(roster.set_by_hand(address, "", {}).size() == 2);
    CHECK(roster.backends()[0].weight() == 5);
    CHECK(roster.backends()[0].state() == "up");
}

TEST_CASE("a sorry server serves while the quorum is lost, and nobody else") {
    Roster roster;
    config::Service web =
        service("192.0.2.1", {backend("10.0.0.1"), backend("10.0.0.2"), backend("10.0.0.9")});
    web.quorum = 2;
    web.backends[2].sorry = true;
    roster.adopt(configuration({web}));
    for (const char* address : {"10.0.0.1", "10.0.0.2", "10.0.0.9"}) make_up(roster, address);
    const auto states = [&] {
        roster.plan();
        std::vector<std::string> result;
        for (const auto& record : roster.backends()) result.emplace_back(record.state());
        return result;
    };
    CHECK(states() == std::vector<std::string>{"up", "up", "standby"});
    CHECK(roster.take_news().empty());
    roster.set_health(1, Health::down);
    CHECK(states() == std::vector<std::string>{"no_quorum", "down", "up"});
    CHECK(roster.take_news() ==
          std::vector<Roster::News>{{"192.0.2.1", false, "service 192.0.2.1: quorum lost"}});
    const auto table = compute(roster.plan());
    CHECK(table->service(0).ring == std::vector<BackendSlot>{2});
    CHECK(table->backend(0).fate == dataplane::FlowFate::forward); // its connections go on
    roster.set_health(1, Health::up);
    CHECK(states() == std::vector<std::string>{"up", "up", "standby"});
}

TEST_CASE("when too few are up all are taken for up") {
    Roster roster;
    config::Service web = service("192.0.2.1", {backend("10.0.0.1"), backend("10.0.0.2")});
    web.quorum = 1;
    web.ignore_checks_below_percent = 60;
    roster.adopt(configuration({web}));
    for (const char* address : {"10.0.0.1", "10.0.0.2"}) make_up(roster, address);
    CHECK(compute(roster.plan())->service(0).ring.size() == 2);
    roster.set_health(0, Health::down);
    CHECK(compute(roster.plan())->service(0).ring.size() == 2);
    CHECK(roster.backends()[0].state() == "assumed_up");
    CHECK(roster.take_news().size() == 1);
    roster.set_health(0, Health::up);
    CHECK(compute(roster.plan())->service(0).ring.size() == 2);
    CHECK(roster.backends()[0].state() == "up");
}

TEST_CASE("a removed backend keeps its flows and its slot until the last is gone") {
    Roster roster;
    roster.adopt(configuration({service("192.0.2.1", {backend("10.0.0.1"), backend("10.0.0.2")})}));
    make_up(roster, "10.0.0.1");
    make_up(roster, "10.0.0.2");
    const BackendSlot gone = slot_of(roster, "10.0.0.1");
    const std::uint16_t generation = roster.backends()[gone].generation;
    roster.adopt(configuration({service("192.0.2.1", {backend("10.0.0.2")})}));
    roster.release([&](BackendSlot slot) { return slot == gone; });
    const auto table = compute(roster.plan());
    CHECK(table->backend(gone).fate == dataplane::FlowFate::forward);
    CHECK_FALSE(table->backend(gone).keeps_persistence);
    CHECK(table->service(0).ring == std::vector<BackendSlot>{slot_of(roster, "10.0.0.2")});

    CHECK(roster.release(nothing_in_use));
    CHECK_FALSE(roster.release(nothing_in_use));
    CHECK(roster.backends()[gone].in_slot); // until workers know that it is on its way out
    CHECK(compute(roster.plan())->backend(gone).generation != generation);
    CHECK_FALSE(roster.release(nothing_in_use));
    CHECK_FALSE(roster.backends()[gone].in_slot);
    roster.adopt(configuration({service("192.0.2.1", {backend("10.0.0.2"), backend("10.0.0.3")})}));
    CHECK(slot_of(roster, "10.0.0.3") == gone);
    CHECK(roster.backends()[gone].generation != generation);
    CHECK(roster.backends()[gone].health == Health::unknown);
}

TEST_CASE("a slot on its way out stays if something got into it, or its backend comes back") {
    Roster roster;
    const auto both =
        configuration({service("192.0.2.1", {backend("10.0.0.1"), backend("10.0.0.2")})});
    const auto one = configuration({service("192.0.2.1", {backend("10.0.0.2")})});
    roster.adopt(both);
    const BackendSlot gone = slot_of(roster, "10.0.0.1");
    roster.adopt(one);
    CHECK(roster.release(nothing_in_use));
    roster.plan();
    CHECK_FALSE(roster.release([&](BackendSlot slot) { return slot == gone; }));
    CHECK(roster.backends()[gone].in_slot);
    roster.adopt(both);
    roster.plan();
    CHECK_FALSE(roster.release(nothing_in_use));
    CHECK(slot_of(roster, "10.0.0.1") == gone);
    roster.adopt(one);
    CHECK(roster.release(nothing_in_use)); // from the beginning
    CHECK(roster.backends()[gone].in_slot);
}

TEST_CASE("the same address on another interface is another neighbour") {
    auto east = service("192.0.2.1", {backend("10.0.0.1")});
    auto west = service("192.0.2.2", {backend("10.0.0.1")});
    west.port_name = "lb1";
    auto config = configuration({east, west});
    config.ports.resize(2);
    config.ports[1].name = "lb1";
    Roster roster;
    roster.adopt(config);
    const auto address = *config::IpAddress::parse("10.0.0.1");
    CHECK(roster.set_mac(1, address, config::MacAddress{{2, 0, 0, 0, 0, 7}}));
    CHECK_FALSE(roster.backends()[0].mac_known);
    CHECK(roster.backends()[1].mac == config::MacAddress{{2, 0, 0, 0, 0, 7}});
    CHECK(roster.set_mac(0, address, config::MacAddress{{2, 0, 0, 0, 0, 6}}));
    CHECK(roster.set_mac(1, address, std::nullopt));
    CHECK(roster.backends()[0].mac_known);
    CHECK(roster.backends()[0].mac == config::MacAddress{{2, 0, 0, 0, 0, 6}});
}

TEST_CASE("a lost neighbour takes no new connections but keeps its flows") {
    Roster roster;
    roster.adopt(configuration({service("192.0.2.1", {backend("10.0.0.1")})}));
    make_up(roster, "10.0.0.1");
    CHECK(roster.set_mac(0, *config::IpAddress::parse("10.0.0.1"), std::nullopt));
    const auto table = compute(roster.plan());
    CHECK(table->service(0).ring.empty());
    CHECK(table->backend(0).fate == dataplane::FlowFate::forward);
}

TEST_CASE("a fixed MAC address is not overruled by the neighbour table") {
    Roster roster;
    config::Backend fixed = backend("10.0.0.1");
    fixed.mac = config::MacAddress{{2, 1, 1, 1, 1, 1}};
    roster.adopt(configuration({service("192.0.2.1", {fixed})}));
    CHECK_FALSE(roster.set_mac(0, fixed.address, config::MacAddress{{2, 9, 9, 9, 9, 9}}));
    CHECK(compute(roster.plan())->backend(0).mac.addr_bytes[1] == 1);
}

TEST_CASE("a ring's version changes with the ring alone") {
    Roster roster;
    roster.adopt(configuration({service("192.0.2.1", {backend("10.0.0.1")})}));
    make_up(roster, "10.0.0.1");
    const std::uint32_t version = compute(roster.plan())->service(0).ring_version;
    CHECK(compute(roster.plan())->service(0).ring_version == version);
    roster.set_health(0, Health::down);
    CHECK(compute(roster.plan())->service(0).ring_version != version);
}

TEST_CASE("rr leaves weights other than zero aside, wrr follows them") {
    config::Service configured =
        service("192.0.2.1", {backend("10.0.0.1", 3), backend("10.0.0.2", 1)});
    Roster roster;
    roster.adopt(configuration({configured}));
    make_up(roster, "10.0.0.1");
    make_up(roster, "10.0.0.2");
    CHECK(compute(roster.plan())->service(0).ring.size() == 4);
    configured.scheduler = config::Scheduler::rr;
    roster.adopt(configuration({configured}));
    CHECK(compute(roster.plan())->service(0).ring.size() == 2);
}

TEST_CASE("more services than slots are refused as a whole") {
    Roster roster;
    roster.adopt(configuration({service("192.0.2.1", {backend("10.0.0.1")})}));
    config::Config many = configuration({});
    for (unsigned i = 0; i <= dataplane::max_services; ++i) {
        config::Service one = service("198.18.0.1", {});
        one.port = static_cast<std::uint16_t>(i + 1);
        many.services.push_back(one);
    }
    CHECK_THROWS_AS(roster.adopt(many), std::runtime_error);
    CHECK(roster.services()[0].configured);
    CHECK(roster.services().size() == 1);
}

} // namespace lbd::control
