// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/dispatcher.h"

#include <memory>
#include <set>

#include "dispatcher_scene.h"
#include "tests/unit/catch.h"

namespace lbd::dataplane::test {

// Every behaviour is the same for both families.
#define BOTH_FAMILIES(name) TEMPLATE_TEST_CASE(name, "", KeyV4, KeyV6)

BOTH_FAMILIES("new connections alternate and stay where they are") {
    Scene<TestType> scene;
    CHECK(scene.syn(1, 1) == 0);
    CHECK(scene.syn(2, 1) == 1);
    CHECK(scene.syn(3, 1) == 0);
    CHECK(scene.ack(2, 1) == 1);
    CHECK(scene.ack(1, 1) == 0);
    CHECK(scene.syn(1, 1) == 0); // retransmitted
    CHECK(scene.counters.backends[0].connections.get() == 2);
    CHECK(scene.counters.backends[0].packets.get() == 4);
    CHECK(scene.counters.backends[0].bytes.get() == 400);
}

BOTH_FAMILIES("what no service matches is the host's") {
    Scene<TestType> scene;
    const Parsed packet = Scene<TestType>::packet(1, 1, RTE_TCP_SYN_FLAG, IPPROTO_TCP, 81);
    CHECK(scene.send(packet).kind == Verdict::Kind::punt);
}

BOTH_FAMILIES("the states of a connection follow the client's packets as in IPVS") {
    Scene<TestType> scene;
    scene.syn(1, 1);
    CHECK(scene.state(1, 1) == FlowState::syn_recv);
    CHECK(scene.counters.backends[0].inactive.get() == 1);
    scene.ack(1, 1);
    CHECK(scene.state(1, 1) == FlowState::established);
    CHECK(scene.counters.backends[0].active.get() == 1);
    CHECK(scene.counters.backends[0].inactive.get() == 0);
    scene.send(Scene<TestType>::packet(1, 1, RTE_TCP_FIN_FLAG | RTE_TCP_ACK_FLAG));
    CHECK(scene.state(1, 1) == FlowState::fin_wait);
    scene.ack(1, 1);
    CHECK(scene.state(1, 1) == FlowState::fin_wait);
    scene.send(Scene<TestType>::packet(1, 1, RTE_TCP_RST_FLAG));
    CHECK(scene.state(1, 1) == FlowState::close);
    CHECK(scene.counters.backends[0].active.get() == 0);
    CHECK(scene.counters.backends[0].inactive.get() == 1);
}

TEST_CASE("a RST does not close a half-open connection") {
    CHECK(next_state(FlowState::syn_recv, RTE_TCP_RST_FLAG) == FlowState::syn_recv);
    CHECK(next_state(FlowState::syn_recv, RTE_TCP_FIN_FLAG) == FlowState::time_wait);
    CHECK(next_state(FlowState::established, RTE_TCP_SYN_FLAG) == FlowState::established);
}

BOTH_FAMILIES("a connection lives as long as its state's timeout after the last packet") {
    Scene<TestType> scene;
    scene.syn(1, 1);
    scene.ack(1, 1);
    scene.now += 899 * second;
    CHECK(scene.ack(1, 1) == 0);
    scene.now += 899 * second;
    CHECK(scene.ack(1, 1) == 0);
    CHECK(scene.state(1, 1) == FlowState::established);
    scene.now += 902 * second;
    scene.sweep();
    CHECK(scene.state(1, 1) == FlowState::free);
    CHECK(scene.counters.backends[0].active.get() == 0);
    CHECK(scene.flows() == 0);
}

BOTH_FAMILIES("a SYN on a closing connection is scheduled anew in the same packet") {
    Scene<TestType> scene;
    REQUIRE(scene.syn(1, 1) == 0);
    scene.ack(1, 1);
    scene.send(Scene<TestType>::packet(1, 1, RTE_TCP_FIN_FLAG));
    CHECK(scene.syn(1, 1) == 1);
    CHECK(scene.state(1, 1) == FlowState::syn_recv);
    CHECK(scene.flows() == 1);
}

BOTH_FAMILIES("a table published meanwhile moves no connection off a live backend") {
    Scene<TestType> scene;
    REQUIRE(scene.syn(1, 1) == 0);
    scene.in_rotation({1, 2});
    CHECK(scene.ack(1, 1) == 0);
    CHECK(scene.syn(2, 1) != 0);
}

BOTH_FAMILIES("connections of a dead or removed backend go where the service says") {
    Scene<TestType> scene;
    REQUIRE(scene.syn(1, 1) == 0);
    scene.ack(1, 1);
    SECTION("to another backend") {
        scene.backends[0].fate = FlowFate::reschedule;
        scene.in_rotation({1});
        CHECK(scene.ack(1, 1) == 1);
        CHECK(scene.ack(1, 1) == 1);
    }
    SECTION("nowhere, if it says keep") {
        scene.backends[0].fate = FlowFate::keep;
        scene.in_rotation({1});
        CHECK(scene.ack(1, 1) == 0);
        CHECK(scene.syn(1, 1) == 1); // but a new connection does not start there
    }
    SECTION("to an end, if it says reset") {
        scene.backends[0].fate = FlowFate::reset;
        scene.in_rotation({1});
        CHECK(scene.send(Scene<TestType>::packet(1, 1, RTE_TCP_ACK_FLAG)).kind ==
              Verdict::Kind::reject);
        CHECK(scene.syn(1, 1) == 1);
    }
}

BOTH_FAMILIES("a service without a backend drops or rejects, and counts it") {
    Scene<TestType> scene;
    scene.in_rotation({});
    const Verdict dropped = scene.send(Scene<TestType>::packet(1, 1, RTE_TCP_SYN_FLAG));
    CHECK(dropped.kind == Verdict::Kind::drop);
    CHECK(dropped.reason == DropReason::no_backend);
    scene.service.on_no_backend = NoBackendPolicy::reject;
    scene.publish();
    CHECK(scene.send(Scene<TestType>::packet(1, 1, RTE_TCP_SYN_FLAG)).kind ==
          Verdict::Kind::reject);
    CHECK(scene.counters.service_drops[0].get() == 2);
}

BOTH_FAMILIES("a packet of an unknown connection gets what the service says") {
    Scene<TestType> scene;
    SECTION("the consistent hash: always the same backend, no entry") {
        const BackendSlot first = scene.ack(1, 1);
        for (int i = 0; i < 10; ++i) CHECK(scene.ack(1, 1) == first);
        CHECK(scene.flows() == 0);
        CHECK(scene.counters.stateless.get() == 11);
        std::set<BackendSlot> seen;
        for (std::uint32_t client = 1; client < 50; ++client) seen.insert(scene.ack(client, 1));
        CHECK(seen == std::set<BackendSlot>{0, 1});
    }
    SECTION("a drop") {
        scene.service.on_unknown_tcp = UnknownTcpPolicy::drop;
        scene.publish();
        CHECK(scene.send(Scene<TestType>::packet(1, 1, RTE_TCP_ACK_FLAG)).reason ==
              DropReason::unknown_connection);
    }
    SECTION("a RST") {
        scene.service.on_unknown_tcp = UnknownTcpPolicy::reset;
        scene.publish();
        CHECK(scene.send(Scene<TestType>::packet(1, 1, RTE_TCP_ACK_FLAG)).kind ==
              Verdict::Kind::reject);
    }
    SECTION("a schedule of its own") {
        scene.service.on_unknown_tcp = UnknownTcpPolicy::schedule;
        scene.publish();
        CHECK(scene.ack(1, 1) == 0);
        CHECK(scene.ack(2, 1) == 1);
        CHECK(scene.state(1, 1) == FlowState::established);
    }
}

BOTH_FAMILIES("a SYN-ACK opens nothing") {
    Scene<TestType> scene;
    scene.send(Scene<TestType>::packet(1, 1, RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG));
    CHECK(scene.state(1, 1) == FlowState::free);
}

BOTH_FAMILIES("any datagram opens a UDP flow, which stays") {
    Scene<TestType> scene;
    CHECK(scene.send(Scene<TestType>::packet(1, 1, 0, IPPROTO_UDP)).backend == 0);
    CHECK(scene.send(Scene<TestType>::packet(2, 1, 0, IPPROTO_UDP)).backend == 1);
    CHECK(scene.send(Scene<TestType>::packet(1, 1, 0, IPPROTO_UDP)).backend == 0);
    CHECK(scene.counters.backends[0].inactive.get() == 1);
}

BOTH_FAMILIES("when the flow table is full of established flows, nobody is refused") {
    Scene<TestType> scene(1);
    for (std::uint32_t client = 1; client <= 100; ++client) {
        const BackendSlot opened = scene.syn(client, 1);
        REQUIRE(opened != no_backend);
        // A flow that found no room goes by the consistent hash from its first packet on.
        CHECK(scene.ack(client, 1) == opened);
    }
    CHECK(scene.counters.stateless.get() > 0);
    CHECK(scene.flows() == scene.dispatcher.flows().size());
}

} // namespace lbd::dataplane::test
