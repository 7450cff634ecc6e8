// SPDX-License-Identifier: BSD-3-Clause
// What a trace says of a decision is what the dispatcher has decided.
#include "lb/dataplane/trace_reason.h"

#include "dispatcher_scene.h"
#include "tests/unit/catch.h"

namespace lbd::dataplane::test {

namespace {

template <class Key>
struct Traced {
    explicit Traced(std::size_t flows = 1024) : scene(flows) {}

    // The reason of a packet that is forwarded, whose backend the trace must not mistake.
    Why send(const Parsed& packet) {
        const auto sight = [&] {
            return sight_of(scene.dispatcher, *scene.table, packet.key<Key>(), scene.now);
        };
        const std::uint64_t stateless = scene.counters.stateless.get();
        const FlowSight before = sight();
        const Verdict verdict =
            packet.kind == PacketClass::icmp_error
                ? scene.dispatcher.follow_error(*scene.table, packet.key<Key>(), scene.hash(packet),
                                                100, scene.now)
                : scene.send_the_long_way(packet);
        REQUIRE(verdict.kind == Verdict::Kind::forward);
        const Reason reason = reason_of<Key>(
            {*scene.table, packet, before, sight(), scene.counters.stateless.get() != stateless});
        CHECK(reason.backend == verdict.backend);
        return reason.why;
    }
    Why send(std::uint8_t flags, std::uint16_t port = 1000, std::uint32_t client = 1) {
        return send(Scene<Key>::packet(client, port, flags));
    }
    Why error(std::uint16_t port) {
        Parsed packet = Scene<Key>::packet(1, port, 0);
        packet.kind = PacketClass::icmp_error;
        return send(packet);
    }
    void fate(FlowFate fate) {
        for (BackendEntry& backend : scene.backends) backend.fate = fate;
        scene.publish();
    }

    Scene<Key> scene;
};

constexpr std::uint8_t syn = RTE_TCP_SYN_FLAG, ack = RTE_TCP_ACK_FLAG, fin = RTE_TCP_FIN_FLAG;

} // namespace

TEMPLATE_TEST_CASE("a new connection is scheduled, its further packets are known", "", KeyV4,
                   KeyV6) {
    Traced<TestType> traced;
    CHECK(traced.send(syn) == Why::scheduled);
    CHECK(traced.send(syn) == Why::known);
    CHECK(traced.send(ack) == Why::known);
    CHECK(traced.send(ack | fin) == Why::known);
    CHECK(traced.send(syn) == Why::scheduled); // the port is used again
    CHECK(traced.send(Scene<TestType>::packet(1, 7, 0, IPPROTO_UDP)) == Why::scheduled);
    CHECK(traced.send(Scene<TestType>::packet(1, 7, 0, IPPROTO_UDP)) == Why::known);
}

TEMPLATE_TEST_CASE("a connection that has expired is a new one", "", KeyV4, KeyV6) {
    Traced<TestType> traced;
    traced.send(syn);
    traced.scene.now += 61 * second;
    CHECK(traced.send(syn) == Why::scheduled);
}

TEMPLATE_TEST_CASE("a packet of no known connection goes by the hash", "", KeyV4, KeyV6) {
    Traced<TestType> traced;
    CHECK(traced.send(ack) == Why::unknown_connection);
    CHECK(traced.send(ack) == Why::unknown_connection);
    traced.scene.service.on_unknown_tcp = UnknownTcpPolicy::schedule;
    traced.scene.publish();
    CHECK(traced.send(ack) == Why::scheduled);
}

TEMPLATE_TEST_CASE("a client that is bound is told from one that becomes so", "", KeyV4, KeyV6) {
    Traced<TestType> traced;
    traced.scene.service.persistence = 300 * second;
    traced.scene.publish();
    CHECK(traced.send(syn, 1000) == Why::bound);
    CHECK(traced.send(syn, 1001) == Why::persistence);
    CHECK(traced.send(ack, 1001) == Why::known);
    CHECK(traced.send(syn, 1000, 2) == Why::bound);
    traced.scene.backends[0].keeps_persistence = traced.scene.backends[1].keeps_persistence = false;
    traced.scene.backends[2].keeps_persistence = true;
    traced.scene.in_rotation({2});
    CHECK(traced.send(syn, 1002) == Why::bound);
}

TEMPLATE_TEST_CASE("an answer about persistence that another worker keeps is named", "", KeyV4,
                   KeyV6) {
    Traced<TestType> traced;
    traced.scene.service.persistence = 300 * second;
    traced.scene.publish();
    const Parsed packet = Scene<TestType>::packet(1, 1000, syn);
    FlowSight after;
    after.lives = true;
    after.backend = 1;
    Witnessed seen{*traced.scene.table, packet, {}, after, false, 1};
    CHECK(reason_of<TestType>(seen).why == Why::persistence_elsewhere);
    CHECK(reason_of<TestType>(seen).backend == 1);
    seen.told = 0; // overtaken by a newer table
    CHECK(reason_of<TestType>(seen).why == Why::scheduled);
}

TEMPLATE_TEST_CASE("a full table is told of", "", KeyV4, KeyV6) {
    Traced<TestType> traced(1);
    Why why = Why::scheduled;
    for (std::uint32_t client = 1; client < 1000 && why == Why::scheduled; ++client) {
        why = traced.send(syn, 1000, client);
        if (why == Why::scheduled)
            traced.scene.ack(client, 1000); // established ones do not give way
    }
    CHECK(why == Why::table_full);
}

TEMPLATE_TEST_CASE("connections of a backend that is down stay or move, and say so", "", KeyV4,
                   KeyV6) {
    Traced<TestType> traced;
    traced.send(syn);
    traced.send(ack);
    traced.fate(FlowFate::keep);
    CHECK(traced.send(ack) == Why::kept);
    CHECK(traced.send(syn) == Why::rescheduled);
    traced.fate(FlowFate::reschedule);
    CHECK(traced.send(ack) == Why::rescheduled);
}

TEMPLATE_TEST_CASE("a connection that another director told of is called so", "", KeyV4, KeyV6) {
    Traced<TestType> traced;
    FlowEvent event;
    event.set_key(Scene<TestType>::packet(1, 1000, 0).template key<TestType>());
    event.state = FlowState::established;
    event.backend = 1;
    event.remaining = 100 * second;
    const bool persistent = GENERATE(false, true);
    traced.scene.service.persistence = persistent ? 300 * second : 0;
    traced.scene.publish();
    REQUIRE(traced.scene.dispatcher.import(*traced.scene.table, event, traced.scene.now));
    CHECK(traced.send(ack) == Why::synchronised);
    CHECK(traced.send(ack) == Why::synchronised);
}

TEMPLATE_TEST_CASE("a connection of another director lets its client's binding go at its end", "",
                   KeyV4, KeyV6) {
    Scene<TestType> scene;
    scene.service.persistence = 5 * second;
    scene.publish();
    FlowEvent binding;
    TestType client = Scene<TestType>::packet(1, 0, 0).template key<TestType>();
    client.client_port = 0;
    binding.set_key(client);
    binding.state = FlowState::persistence;
    binding.backend = 1;
    binding.remaining = 5 * second;
    REQUIRE(scene.dispatcher.import(*scene.table, binding, scene.now));
    FlowEvent flow = binding;
    flow.set_key(Scene<TestType>::packet(1, 1000, 0).template key<TestType>());
    flow.state = FlowState::established;
    flow.remaining = 20 * second;
    REQUIRE(scene.dispatcher.import(*scene.table, flow, scene.now));
    scene.now += 10 * second;
    scene.sweep();
    CHECK(scene.counters.persistence_entries.get() == 1); // held by its connection
    scene.now += 11 * second;
    scene.sweep();
    scene.sweep();
    CHECK(scene.counters.persistence_entries.get() == 0);
}

TEMPLATE_TEST_CASE("ICMP errors follow the connection that they are about", "", KeyV4, KeyV6) {
    Traced<TestType> traced;
    traced.send(syn, 1000);
    CHECK(traced.error(1000) == Why::error_known);
    CHECK(traced.error(1001) == Why::error_unknown);
}

} // namespace lbd::dataplane::test
