// SPDX-License-Identifier: BSD-3-Clause
// What one director's worker tells, and what another's makes of it.
#include <vector>

#include "dispatcher_scene.h"
#include "tests/unit/catch.h"

namespace lbd::dataplane::test {

namespace {

template <class Key>
struct Pair {
    Pair() : a(1024, &channel_a), b(1024, &channel_b) {}

    std::vector<FlowEvent> told_by_a() { return told(a, channel_a); }
    std::vector<FlowEvent> told_by_b() { return told(b, channel_b); }
    static std::vector<FlowEvent> told(Scene<Key>& scene, SyncChannel& channel) {
        scene.journal.flush();
        std::vector<FlowEvent> events(SyncChannel::ring_size);
        events.resize(channel.events.pop(events.data(), SyncChannel::ring_size));
        return events;
    }
    // From a to b.
    std::size_t carry() {
        const auto events = told_by_a();
        for (const FlowEvent& event : events) CHECK(b.dispatcher.import(*b.table, event, b.now));
        return events.size();
    }
    void repeat_all() {
        for (const bool bindings : {true, false})
            for (std::size_t line = 0; !a.dispatcher.repeat(*a.table, bindings, line, 10, a.now);) {
            }
    }
    BackendSlot open(std::uint32_t client, std::uint16_t port) {
        a.syn(client, port);
        return a.ack(client, port);
    }
    void pass(Tick ticks) {
        a.now += ticks;
        b.now += ticks;
    }

    SyncChannel channel_a;
    SyncChannel channel_b;
    Scene<Key> a;
    Scene<Key> b;
};

} // namespace

TEMPLATE_TEST_CASE("an established flow goes on to the same backend at the peer", "", KeyV4,
                   KeyV6) {
    Pair<TestType> pair;
    for (std::uint16_t port = 1; port <= 4; ++port) {
        const BackendSlot chosen = pair.a.syn(1, port);
        CHECK(pair.carry() == 0); // half-open
        pair.a.ack(1, port);
        CHECK(pair.carry() == 1);
        CHECK(pair.b.state(1, port) == FlowState::established);
        CHECK(pair.b.ack(1, port) == chosen);
    }
    CHECK(pair.b.counters.stateless.get() == 0);
    CHECK(pair.b.flows() == 4);
    CHECK(pair.b.counters.backends[0].active.get() == 2);
}

TEMPLATE_TEST_CASE("a packet that changes nothing is not told", "", KeyV4, KeyV6) {
    Pair<TestType> pair;
    pair.open(1, 1);
    CHECK(pair.carry() == 1);
    for (int i = 0; i < 100; ++i) pair.a.ack(1, 1);
    pair.a.sweep();
    CHECK(pair.carry() == 0);
}

TEMPLATE_TEST_CASE("the end of a flow is told", "", KeyV4, KeyV6) {
    Pair<TestType> pair;
    pair.open(1, 1);
    pair.open(1, 2);
    pair.a.send(Scene<TestType>::packet(1, 1, RTE_TCP_FIN_FLAG | RTE_TCP_ACK_FLAG));
    pair.a.rst(1, 2);
    CHECK(pair.carry() == 4);
    CHECK(pair.b.state(1, 1) == FlowState::fin_wait);
    CHECK(pair.b.state(1, 2) == FlowState::close);
    CHECK(pair.b.counters.backends[0].active.get() + pair.b.counters.backends[1].active.get() == 0);
    pair.pass(121 * second);
    pair.b.sweep();
    CHECK(pair.b.flows() == 0);
}

TEMPLATE_TEST_CASE("a flow that lives on is told again before the peer forgets it", "", KeyV4,
                   KeyV6) {
    Pair<TestType> pair;
    const BackendSlot chosen = pair.open(1, 1);
    pair.carry();
    for (int minute = 0; minute < 60; ++minute) {
        pair.pass(60 * second);
        pair.a.ack(1, 1);
        pair.a.sweep();
        pair.b.sweep();
        CHECK(pair.carry() <= 1);
    }
    CHECK(pair.b.ack(1, 1) == chosen);
    CHECK(pair.b.counters.stateless.get() == 0);
}

TEMPLATE_TEST_CASE("what lives on for a month is told again, too", "", KeyV4, KeyV6) {
    constexpr Tick hour = 3600 * second;
    Pair<TestType> pair;
    for (Scene<TestType>* scene : {&pair.a, &pair.b}) {
        scene->service.persistence = 30 * 24 * hour;
        scene->service.timeouts.of[static_cast<std::size_t>(FlowState::established)] =
            7 * 24 * hour;
        scene->publish();
    }
    pair.open(7, 1);
    const BackendSlot chosen = pair.open(8, 1);
    pair.carry();
    std::size_t told = 0;
    for (unsigned i = 0; i < 32 * 24; ++i) {
        pair.pass(hour);
        pair.a.ack(8, 1);
        pair.a.syn(8, 2);
        pair.a.sweep();
        told += pair.carry();
        pair.b.sweep();
    }
    CHECK(told < 300); // of 2300, were it each hour
    CHECK(pair.b.ack(8, 1) == chosen);
    CHECK(pair.b.counters.stateless.get() == 0);
    CHECK(pair.b.syn(8, 3) == chosen);
    CHECK(pair.b.counters.persistence_entries.get() == 1);
}

TEMPLATE_TEST_CASE("what a peer told is not told back, but once it is used here", "", KeyV4,
                   KeyV6) {
    Pair<TestType> pair;
    pair.open(1, 1);
    pair.carry();
    pair.b.sweep();
    CHECK(pair.told_by_b().empty());
    pair.pass(300 * second);
    pair.b.ack(1, 1);
    pair.b.sweep();
    CHECK(pair.told_by_b().size() == 1);
}

TEMPLATE_TEST_CASE("what finds no room in the ring is told by the sweep", "", KeyV4, KeyV6) {
    Pair<TestType> pair;
    FlowEvent filler;
    while (pair.channel_a.events.push(filler)) {
    }
    pair.open(1, 1);
    CHECK(pair.channel_a.overflows.get() == 1);
    pair.told_by_a();
    pair.a.sweep();
    CHECK(pair.carry() == 1);
    CHECK(pair.b.state(1, 1) == FlowState::established);
}

TEMPLATE_TEST_CASE("more than fits the ring in one burst is told later, all of it", "", KeyV4,
                   KeyV6) {
    Pair<TestType> pair;
    const FlowEvent filler;
    while (pair.channel_a.events.room() > 40) REQUIRE(pair.channel_a.events.push(filler));
    for (std::uint16_t port = 1; port <= 100; ++port) pair.open(port, port);
    CHECK(pair.channel_a.overflows.get() == 60);
    CHECK(pair.channel_a.events.room() == 0);
    std::size_t told = 0;
    for (const FlowEvent& event : pair.told_by_a())
        told += event.state == FlowState::established ? 1 : 0;
    CHECK(told == 40);
    pair.a.sweep();
    CHECK(pair.carry() == 60);
}

TEMPLATE_TEST_CASE("a peer that knows nothing is told everything", "", KeyV4, KeyV6) {
    Pair<TestType> pair;
    for (std::uint16_t port = 1; port <= 100; ++port) pair.open(port, port);
    pair.told_by_a();    // lost
    pair.a.syn(1, 1000); // half-open
    pair.repeat_all();
    CHECK(pair.carry() == 100);
    CHECK(pair.b.flows() == 100);
}

TEMPLATE_TEST_CASE("a repetition does not undo what is known better", "", KeyV4, KeyV6) {
    Pair<TestType> pair;
    const BackendSlot chosen = pair.open(1, 1);
    pair.carry();
    pair.pass(100 * second);
    pair.b.ack(1, 1); // lives longer at b
    pair.repeat_all();
    pair.carry();
    pair.pass(850 * second); // beyond what a knows
    CHECK(pair.b.ack(1, 1) == chosen);
    CHECK(pair.b.counters.stateless.get() == 0);
}

TEMPLATE_TEST_CASE("a flow that moved to another backend moves at the peer", "", KeyV4, KeyV6) {
    Pair<TestType> pair;
    const BackendSlot first = pair.open(1, 1);
    pair.carry();
    pair.a.backends[first].fate = FlowFate::reschedule;
    pair.a.in_rotation({2});
    CHECK(pair.a.ack(1, 1) == 2);
    CHECK(pair.carry() == 1);
    CHECK(pair.b.ack(1, 1) == 2);
    CHECK(pair.b.flows() == 1);
    CHECK(pair.b.counters.backends[first].active.get() == 0);
}

TEMPLATE_TEST_CASE("what names a backend of another generation is refused", "", KeyV4, KeyV6) {
    Pair<TestType> pair;
    pair.open(1, 1);
    auto events = pair.told_by_a();
    REQUIRE(events.size() == 1);
    ++events[0].generation;
    CHECK_FALSE(pair.b.dispatcher.import(*pair.b.table, events[0], 1));
    --events[0].generation;
    events[0].backend = 4711;
    CHECK_FALSE(pair.b.dispatcher.import(*pair.b.table, events[0], 1));
    CHECK(pair.b.flows() == 0);
}

TEMPLATE_TEST_CASE("a client stays with its backend after a failover", "", KeyV4, KeyV6) {
    Pair<TestType> pair;
    for (Scene<TestType>* scene : {&pair.a, &pair.b}) {
        scene->service.persistence = 300 * second;
        scene->publish();
    }
    pair.open(7, 1); // the ring's next backend is another one from here on
    const BackendSlot chosen = pair.open(8, 1);
    pair.carry();
    CHECK(pair.b.counters.persistence_entries.get() == 2);
    CHECK(pair.b.syn(8, 2) == chosen);
    CHECK(pair.b.syn(8, 3) == chosen);
}

TEMPLATE_TEST_CASE("what a peer knows of a binding for less long does not shorten it", "", KeyV4,
                   KeyV6) {
    Pair<TestType> pair;
    for (Scene<TestType>* scene : {&pair.a, &pair.b}) {
        scene->service.persistence = 3600 * second;
        scene->publish();
    }
    pair.open(7, 1);
    const BackendSlot chosen = pair.open(8, 1);
    for (FlowEvent event : pair.told_by_a()) {
        if (event.state != FlowState::persistence) continue;
        event.remaining = 120 * second; // as who has only its flows tells
        CHECK(pair.a.dispatcher.import(*pair.a.table, event, pair.a.now));
    }
    for (const std::uint32_t client : {7, 8}) pair.a.rst(client, 1);
    pair.pass(1800 * second);
    pair.a.sweep();
    CHECK(pair.a.syn(8, 2) == chosen);
}

TEMPLATE_TEST_CASE("a binding lasts as long as its flows at the peer, too", "", KeyV4, KeyV6) {
    Pair<TestType> pair;
    for (Scene<TestType>* scene : {&pair.a, &pair.b}) {
        scene->service.persistence = 300 * second;
        scene->publish();
    }
    pair.open(7, 1);
    const BackendSlot chosen = pair.open(8, 1);
    pair.carry();
    for (int i = 0; i < 20; ++i) { // the flow goes on, the client opens no other
        pair.pass(60 * second);
        pair.a.ack(8, 1);
        pair.a.sweep();
        pair.carry();
        pair.b.sweep();
    }
    CHECK(pair.b.syn(8, 2) == chosen);
}

TEMPLATE_TEST_CASE("a binding outlasts its timeout at a peer that does not know its flows", "",
                   KeyV4, KeyV6) {
    Pair<TestType> pair;
    for (Scene<TestType>* scene : {&pair.a, &pair.b}) {
        scene->service.persistence = 3600 * second;
        scene->publish();
    }
    const auto carry_bindings = [&pair] {
        for (const FlowEvent& event : pair.told_by_a())
            if (event.state == FlowState::persistence)
                CHECK(pair.b.dispatcher.import(*pair.b.table, event, pair.b.now));
    };
    pair.open(7, 1);
    const BackendSlot chosen = pair.open(8, 1);
    carry_bindings();
    for (int i = 0; i < 5; ++i) {
        pair.pass(600 * second);
        pair.a.ack(8, 1);
        pair.b.sweep();
    }
    CHECK(pair.b.counters.persistence_entries.get() == 2);
    for (int i = 0; i < 1000; ++i) {
        pair.a.ack(8, 1);
        pair.a.sweep();
        carry_bindings();
        pair.b.sweep();
        pair.pass(4 * second);
    }
    CHECK(pair.b.counters.persistence_entries.get() == 1);
    CHECK(pair.b.syn(8, 2) == chosen);
}

} // namespace lbd::dataplane::test
