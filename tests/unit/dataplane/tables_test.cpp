// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <random>
#include <set>
#include <vector>

#include "lb/dataplane/flow_table.h"
#include "lb/dataplane/forwarding_table.h"
#include "lb/dataplane/maglev.h"
#include "lb/dataplane/schedule_ring.h"
#include "packets.h"
#include "tests/unit/catch.h"

namespace lbd::dataplane::test {

namespace {

constexpr HashSecret secret{0x1234567890abcdefu, 0xfedcba0987654321u};

using Table4 = FlowTable<KeyV4>;

KeyV4 key(std::uint32_t number) {
    return {number, ip(192, 0, 2, 10), static_cast<std::uint16_t>(number * 7),
            be(80), IPPROTO_TCP,       {}};
}

struct Table {
    explicit Table(std::size_t flows) : lines(Table4::lines_for(flows)), table(lines, secret) {}
    Flow<KeyV4>* insert(std::uint32_t number, FlowState state, Tick now, Tick expires) {
        const Table4::Place place = table.insert(key(number), table.hash(key(number)), now);
        if (place.flow == nullptr) return nullptr;
        place.flow->state = state;
        place.flow->expires = expires;
        place.flow->backend = static_cast<BackendSlot>(number);
        return place.flow;
    }
    Flow<KeyV4>* find(std::uint32_t number) {
        return table.find(key(number), table.hash(key(number)));
    }

    std::vector<Table4::Line> lines;
    Table4 table;
};

std::map<BackendSlot, std::size_t> counts(const std::vector<BackendSlot>& slots) {
    std::map<BackendSlot, std::size_t> result;
    for (const BackendSlot slot : slots) ++result[slot];
    return result;
}

} // namespace

TEST_CASE("an IPv4 flow takes 64 bytes of memory at most, an IPv6 one 128") {
    CHECK(Table4::lines_for(1 << 20) * sizeof(Table4::Line) <= (64u << 20) + Table4::window * 64);
    using Table6 = FlowTable<KeyV6>;
    CHECK(Table6::lines_for(1 << 20) * sizeof(Table6::Line) <= (128u << 20) + Table6::window * 64);
}

TEST_CASE("a flow table finds what was inserted and nothing else, as a map would") {
    Table table(4096);
    std::map<std::uint32_t, BackendSlot> model;
    std::mt19937 random(7);
    for (int step = 0; step < 200'000; ++step) {
        const std::uint32_t number = random() % 6000;
        Flow<KeyV4>* found = table.find(number);
        REQUIRE((found != nullptr) == model.contains(number));
        if (found != nullptr) {
            REQUIRE(found->backend == model.at(number));
            if (random() % 2 == 0) {
                table.table.erase(*found);
                model.erase(number);
            }
        } else if (model.size() < 3500) {
            REQUIRE(table.insert(number, FlowState::established, 0, 1000) != nullptr);
            model[number] = static_cast<BackendSlot>(number);
        }
        REQUIRE(table.table.size() == model.size());
    }
}

TEST_CASE("a flow table holds as many flows as it was made for") {
    Table table(100'000);
    std::size_t refused = 0;
    for (std::uint32_t number = 0; number < 100'000; ++number)
        if (table.insert(number, FlowState::established, 0, 1000) == nullptr) ++refused;
    CHECK(refused == 0);
}

TEST_CASE("a full table gives up half-open flows, never established ones") {
    Table table(64);
    std::uint32_t number = 0;
    for (; table.table.size() < 40; ++number) table.insert(number, FlowState::established, 0, 900);
    for (; number < 10'000; ++number) table.insert(number, FlowState::syn_recv, 0, 60);
    for (std::uint32_t established = 0; established < 40; ++established)
        CHECK(table.find(established) != nullptr);
}

// Places that are looked at for somebody to give way.
constexpr std::uint32_t looked_at = 8 * Table4::flows_per_line;

TEST_CASE("an expired flow gives its place away before a half-open one") {
    Table table(1);
    for (std::uint32_t number = 0; number < looked_at; ++number)
        table.insert(number, number == 5 ? FlowState::established : FlowState::syn_recv, 0,
                     number == 5 ? 10 : 20);
    const Table4::Place place = table.table.insert(key(99), table.table.hash(key(99)), 10);
    REQUIRE(place.flow != nullptr);
    CHECK(place.evicted.key == key(5));
}

TEST_CASE("the half-open flow nearest its end gives its place away, also at the clock's wrap") {
    const Tick now = GENERATE(Tick{0}, Tick{0xffff'fff0});
    Table table(1);
    for (std::uint32_t number = 0; number < looked_at; ++number)
        table.insert(number, FlowState::syn_recv, now, now + (number == 5 ? 10 : 20 + number));
    const Table4::Place place = table.table.insert(key(99), table.table.hash(key(99)), now);
    REQUIRE(place.flow != nullptr);
    CHECK(place.evicted.key == key(5));
}

TEST_CASE("a table full of established flows has no place") {
    Table table(1);
    for (std::uint32_t number = 0; number < Table4::window * Table4::flows_per_line; ++number)
        REQUIRE(table.insert(number, FlowState::established, 0, 900) != nullptr);
    CHECK(table.insert(99, FlowState::established, 0, 900) == nullptr);
}

TEST_CASE("an entry is where its position says, in either place of its line") {
    Table table(1);
    std::set<std::uint32_t> positions;
    for (std::uint32_t number = 0; number < Table4::window * Table4::flows_per_line; ++number) {
        const Flow<KeyV4>* flow = table.insert(number, FlowState::established, 0, 900);
        REQUIRE(flow != nullptr);
        const std::uint32_t position = table.table.position_of(*flow);
        CHECK(&table.table.at(position) == flow);
        CHECK(positions.insert(position).second);
    }
}

TEST_CASE("sweeping erases what has expired, once around") {
    Table table(1000);
    for (std::uint32_t number = 0; number < 500; ++number)
        table.insert(number, FlowState::established, 0, number < 200 ? 10 : 100);
    std::set<std::uint32_t> living;
    std::set<std::uint32_t> announced;
    std::set<std::uint32_t> gone;
    table.table.sweep(
        table.lines.size(), 50, [&](const Flow<KeyV4>& flow) { living.insert(flow.key.client); },
        [&](const Flow<KeyV4>& flow) { announced.insert(flow.key.client); },
        [&](const Flow<KeyV4>& flow) {
            CHECK(announced.contains(flow.key.client));
            gone.insert(flow.key.client);
            return true;
        });
    CHECK(gone.size() == 200);
    CHECK(*gone.rbegin() == 199);
    CHECK(living.size() == 300);
    CHECK(*living.begin() == 200);
    CHECK(table.table.size() == 300);
    CHECK(table.find(0) == nullptr);
    CHECK(table.find(300) != nullptr);
}

TEST_CASE("time may wrap") {
    CHECK(reached(0xfffffff0u, 5));
    CHECK_FALSE(reached(5, 0xfffffff0u));
    CHECK(reached(7, 7));
}

TEST_CASE("a ring holds each backend as often as its weight says") {
    const std::vector<Weighted> backends{{0, 5}, {1, 1}, {2, 0}, {3, 3}};
    const auto ring = smooth_ring(backends);
    CHECK(counts(ring) == std::map<BackendSlot, std::size_t>{{0, 5}, {1, 1}, {3, 3}});
}

TEST_CASE("equal weights alternate whatever they are") {
    CHECK(smooth_ring(std::vector<Weighted>{{4, 100}, {9, 100}}) == std::vector<BackendSlot>{4, 9});
}

TEST_CASE("a heavy backend is interleaved rather than served in a block") {
    const std::vector<Weighted> backends{{0, 50}, {1, 50}, {2, 1}};
    const auto ring = smooth_ring(backends);
    std::size_t longest = 0;
    std::size_t run = 0;
    for (std::size_t i = 1; i < ring.size(); ++i) {
        run = ring[i] == ring[i - 1] ? run + 1 : 0;
        longest = std::max(longest, run);
    }
    CHECK(longest <= 1);
}

TEST_CASE("a ring of huge coprime weights is scaled and leaves nobody out") {
    const std::vector<Weighted> backends{{0, 65521}, {1, 65519}, {2, 1}};
    const auto ring = smooth_ring(backends);
    CHECK(ring.size() <= max_ring + 3);
    const auto seen = counts(ring);
    CHECK(seen.at(2) == 1);
    CHECK(std::abs(static_cast<double>(seen.at(0)) / static_cast<double>(seen.at(1)) - 1) < 0.01);
}

TEST_CASE("nobody in rotation makes an empty ring") {
    CHECK(smooth_ring({}).empty());
    CHECK(smooth_ring(std::vector<Weighted>{{0, 0}}).empty());
    ServiceEntry service;
    service.ring_version = 1;
    RingCursor cursor;
    CHECK(cursor.next(service) == no_backend);
}

TEST_CASE("a cursor goes on behind its last choice when the ring changes") {
    ServiceEntry service;
    service.ring = {0, 1, 2, 3};
    service.ring_version = 1;
    RingCursor cursor;
    CHECK(cursor.next(service) == 0);
    CHECK(cursor.next(service) == 1);
    service.ring = {0, 1, 3, 4};
    service.ring_version = 2;
    CHECK(cursor.next(service) == 3);
    service.ring = {0, 1};
    service.ring_version = 3;
    CHECK(cursor.next(service) == 1);
    CHECK(cursor.next(service) == 0);
}

TEST_CASE("workers with many connections differ by one at most between equal backends") {
    ServiceEntry service;
    service.ring_version = 1;
    for (BackendSlot slot = 0; slot < 7; ++slot) service.ring.push_back(slot);
    std::map<BackendSlot, std::size_t> seen;
    constexpr unsigned workers = 4;
    for (unsigned worker = 0; worker < workers; ++worker) {
        RingCursor cursor(worker);
        for (int i = 0; i < 1000; ++i) {
            // Reloads on the way do not favour anybody.
            if (i % 13 == 0) ++service.ring_version;
            ++seen[cursor.next(service)];
        }
    }
    const auto [least, most] = std::minmax_element(
        seen.begin(), seen.end(), [](auto& a, auto& b) { return a.second < b.second; });
    CHECK(most->second - least->second <= workers);
}

TEST_CASE("Maglev's table is as even as its paper says and follows the weights") {
    std::vector<MaglevMember> members;
    for (BackendSlot slot = 0; slot < 50; ++slot)
        members.push_back({{slot, slot == 0 ? 2u : 1u}, 1000u + slot});
    const auto table = maglev_table(members);
    REQUIRE(std::none_of(table.begin(), table.end(),
                         [](BackendSlot slot) { return slot == no_backend; }));
    const auto seen = counts(table);
    const double share = static_cast<double>(table.size()) / 51;
    CHECK(static_cast<double>(seen.at(0)) == Catch::Approx(2 * share).epsilon(0.03));
    for (BackendSlot slot = 1; slot < 50; ++slot)
        CHECK(static_cast<double>(seen.at(slot)) == Catch::Approx(share).epsilon(0.03));
}

TEST_CASE("Maglev's table depends on identities, not on slots or order") {
    const std::vector<MaglevMember> here{{{0, 1}, 11}, {{1, 1}, 22}, {{2, 1}, 33}};
    const std::vector<MaglevMember> there{{{7, 1}, 33}, {{8, 1}, 11}, {{9, 1}, 22}};
    const std::map<BackendSlot, BackendSlot> same{{0, 8}, {1, 9}, {2, 7}};
    const auto one = maglev_table(here);
    const auto other = maglev_table(there);
    REQUIRE(one.size() == other.size());
    for (std::size_t i = 0; i < one.size(); ++i) REQUIRE(same.at(one[i]) == other[i]);
}

TEST_CASE("losing one of fifty backends moves few of the others' flows") {
    std::vector<MaglevMember> members;
    for (BackendSlot slot = 0; slot < 50; ++slot) members.push_back({{slot, 1}, 77u * slot});
    const auto before = maglev_table(members);
    members[20].weighted.weight = 0;
    const auto after = maglev_table(members);
    REQUIRE(before.size() == after.size());
    std::size_t moved = 0;
    for (std::size_t i = 0; i < before.size(); ++i)
        if (before[i] != 20 && before[i] != after[i]) ++moved;
    CHECK(static_cast<double>(moved) / static_cast<double>(before.size()) < 0.05);
}

TEST_CASE("a forwarding table finds services by address, port and protocol") {
    std::vector<ServiceEntry> services(5);
    const auto name = [&](ServiceSlot slot, rte_be32_t address, std::uint8_t protocol,
                          std::uint16_t port = 80) {
        services[slot].vip = ForwardingTable::widened(address);
        services[slot].port = be(port);
        services[slot].protocol = protocol;
    };
    name(0, ip(192, 0, 2, 1), IPPROTO_TCP);
    name(1, ip(192, 0, 2, 1), IPPROTO_UDP);
    name(2, ip(192, 0, 2, 2), IPPROTO_TCP);
    name(3, ip(192, 0, 2, 1), IPPROTO_TCP);
    services[3].ipv6 = true;
    name(4, ip(192, 0, 2, 1), IPPROTO_TCP, 0);
    const auto at = [](rte_be32_t vip, std::uint16_t port, std::uint8_t protocol) {
        return KeyV4{1, vip, 1, be(port), protocol, {}};
    };
    SECTION("exactly") {
        const ForwardingTable table(services, {}, {0, 1, 3}, 1);
        CHECK(table.find(at(ip(192, 0, 2, 1), 80, IPPROTO_TCP)) == &table.service(0));
        CHECK(table.find(at(ip(192, 0, 2, 1), 80, IPPROTO_UDP)) == &table.service(1));
        CHECK(table.find(at(ip(192, 0, 2, 1), 81, IPPROTO_TCP)) == nullptr);
        CHECK(table.find(at(ip(192, 0, 2, 2), 80, IPPROTO_TCP)) == nullptr); // not live
        CHECK(table.find(KeyV6{{}, services[3].vip, 1, be(80), IPPROTO_TCP, {}}) ==
              &table.service(3));
        CHECK(table.is_virtual(at(ip(192, 0, 2, 1), 0, 0)));
        CHECK_FALSE(table.is_virtual(at(ip(192, 0, 2, 2), 0, 0)));
    }
    SECTION("and one for all ports that no other has") {
        const ForwardingTable table(services, {}, {0, 1, 4}, 1);
        CHECK(table.find(at(ip(192, 0, 2, 1), 80, IPPROTO_TCP)) == &table.service(0));
        CHECK(table.find(at(ip(192, 0, 2, 1), 81, IPPROTO_TCP)) == &table.service(4));
        CHECK(table.find(at(ip(192, 0, 2, 1), 81, IPPROTO_UDP)) == nullptr);
    }
}

} // namespace lbd::dataplane::test
