// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/fragments.h"

#include "lb/dataplane/dispatcher.h"
#include "tests/unit/catch.h"

namespace lbd::dataplane::test {

namespace {

struct FragmentFixture {
    FragmentTable<int> table;
    std::vector<rte_mbuf> packets = std::vector<rte_mbuf>(2000);
    std::vector<rte_mbuf*> released{};
    std::vector<rte_mbuf*> dropped{};
    Tick now = 100;

    explicit FragmentFixture(std::size_t datagrams = 64, std::size_t most_held = 256)
        : table(datagrams, most_held, {3, 5}) {}

    static DatagramKey key(std::uint32_t id) { return datagram_key(KeyV4{1, 2, 0, 0, 17, {}}, id); }
    FragmentTable<int>::Answer later(std::uint32_t id, std::size_t packet) {
        return table.later(key(id), &packets[packet], now,
                           [this](rte_mbuf* lost) { dropped.push_back(lost); });
    }
    void first(std::uint32_t id, int decision) {
        table.first(
            key(id), decision, now, [this](rte_mbuf* held) { released.push_back(held); },
            [this](rte_mbuf* lost) { dropped.push_back(lost); });
    }
    void sweep_all() {
        for (unsigned i = 0; i < ticks_per_second; ++i)
            table.sweep(now, [this](rte_mbuf* lost) { dropped.push_back(lost); });
    }
};

} // namespace

TEST_CASE("later fragments follow the decision about the first one") {
    FragmentFixture fixture;
    fixture.first(1, 7);
    const auto answer = fixture.later(1, 0);
    CHECK(answer.outcome == FragmentOutcome::decided);
    CHECK(answer.decision == 7);
    CHECK(fixture.table.held() == 0);
}

TEST_CASE("what comes before the first is held and released in order") {
    FragmentFixture fixture;
    for (std::size_t packet = 0; packet < 3; ++packet)
        CHECK(fixture.later(1, packet).outcome == FragmentOutcome::held);
    CHECK(fixture.later(2, 9).outcome == FragmentOutcome::held);
    CHECK(fixture.table.held() == 4);
    fixture.first(1, 7);
    CHECK(fixture.released ==
          std::vector{&fixture.packets[0], &fixture.packets[1], &fixture.packets[2]});
    CHECK(fixture.table.held() == 1);
    CHECK(fixture.dropped.empty());
}

TEST_CASE("a decision is in force while its backend's slot is that backend's") {
    const auto table = [](std::uint16_t generation, std::size_t backends) {
        std::vector<BackendEntry> entries(backends);
        for (BackendEntry& entry : entries) entry.generation = generation;
        return ForwardingTable(std::vector<ServiceEntry>(1), entries, {0}, 1);
    };
    const Settled settled({Verdict::Kind::forward, DropReason::none, 2}, table(7, 3));
    CHECK(settled.in_force(table(7, 4)).backend == 2);
    for (const auto& other : {table(8, 3), table(7, 2)}) {
        const Verdict verdict = settled.in_force(other);
        CHECK(verdict.kind == Verdict::Kind::drop);
        CHECK(verdict.reason == DropReason::fragment_lost);
        CHECK(verdict.backend == no_backend);
    }
    const Settled dropped({Verdict::Kind::drop, DropReason::no_backend}, table(7, 0));
    CHECK(dropped.in_force(table(8, 0)).reason == DropReason::no_backend);
}

TEST_CASE("datagrams are told apart by every part of their key") {
    const KeyV4 flow{1, 2, 0, 0, 17, {}};
    const DatagramKey key = datagram_key(flow, 5);
    CHECK_FALSE(key == datagram_key(flow, 6));
    CHECK_FALSE(key == datagram_key(KeyV4{9, 2, 0, 0, 17, {}}, 5));
    CHECK_FALSE(key == datagram_key(KeyV4{1, 9, 0, 0, 17, {}}, 5));
    CHECK_FALSE(key == datagram_key(KeyV4{1, 2, 0, 0, 6, {}}, 5));
    CHECK(key == datagram_key(flow, 5));
    const KeyV6 flow6{{1}, {2}, 0, 0, 17, {}};
    CHECK_FALSE(datagram_key(flow6, 5) == datagram_key(flow6, 5 << 16));
    CHECK_FALSE(datagram_key(flow6, 5) == datagram_key(KeyV6{{9}, {2}, 0, 0, 17, {}}, 5));
}

TEST_CASE("a datagram without a first fragment is given up after its time") {
    FragmentFixture fixture;
    fixture.later(1, 0);
    fixture.now += FragmentTable<int>::lifetime - 1;
    fixture.sweep_all();
    CHECK(fixture.dropped.empty());
    fixture.now += 1;
    fixture.sweep_all();
    CHECK(fixture.dropped == std::vector{&fixture.packets[0]});
    CHECK(fixture.table.held() == 0);
}

TEST_CASE("a decision does not outlive its time") {
    FragmentFixture fixture;
    fixture.first(1, 7);
    fixture.now += FragmentTable<int>::lifetime;
    CHECK(fixture.later(1, 0).outcome == FragmentOutcome::held);
}

TEST_CASE("the datagram nearest its end makes room for a new one") {
    FragmentFixture fixture(FragmentTable<int>::ways);
    constexpr std::uint32_t datagrams = FragmentTable<int>::ways;
    for (std::uint32_t id = 0; id <= datagrams; ++id, ++fixture.now) fixture.later(id, id);
    CHECK(fixture.dropped == std::vector{&fixture.packets[0]});
    fixture.first(1, 7);
    CHECK(fixture.released == std::vector{&fixture.packets[1]});
}

TEST_CASE("one datagram cannot hold more than its share") {
    FragmentFixture fixture;
    for (std::size_t packet = 0; packet < FragmentTable<int>::most_of_a_datagram; ++packet)
        REQUIRE(fixture.later(1, packet).outcome == FragmentOutcome::held);
    CHECK(fixture.later(1, 500).outcome == FragmentOutcome::no_room);
    CHECK(fixture.later(2, 501).outcome == FragmentOutcome::held);
}

TEST_CASE("a flood of fragments is held within the bounds, and every packet is accounted for") {
    FragmentFixture fixture(64, 100);
    unsigned held = 0;
    unsigned refused = 0;
    for (std::size_t packet = 0; packet < fixture.packets.size(); ++packet) {
        const auto answer = fixture.later(static_cast<std::uint32_t>(packet), packet);
        ++(answer.outcome == FragmentOutcome::held ? held : refused);
        REQUIRE(fixture.table.held() <= 100);
    }
    CHECK(held + refused == fixture.packets.size());
    CHECK(held == fixture.dropped.size() + fixture.table.held());
    fixture.now += FragmentTable<int>::lifetime;
    fixture.sweep_all();
    CHECK(held == fixture.dropped.size());
    CHECK(fixture.later(1, 0).outcome == FragmentOutcome::held);
}

} // namespace lbd::dataplane::test
