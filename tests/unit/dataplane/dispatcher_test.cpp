// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/dispatcher.h"

#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "lb/dataplane/maglev.h"
#include "packets.h"

namespace lbd::dataplane::test {

namespace {

constexpr rte_be32_t vip = ip(192, 0, 2, 10);
constexpr Tick second = ticks_per_second;

ServiceTimeouts ipvs_timeouts() {
    ServiceTimeouts timeouts;
    timeouts.of = {
        0, 60 * second, 900 * second, 120 * second, 120 * second, 10 * second, 300 * second, 0};
    return timeouts;
}

// A service with two backends, and one worker that dispatches to them.
struct Scene {
    Scene(std::uint16_t worker = 0, std::uint16_t workers = 1)
        : flow_lines(FlowTable::lines_for(1024)),
          persistence_lines(FlowTable::lines_for(1024)),
          dispatcher({worker, workers, flow_lines, persistence_lines, {11, 13}, {17, 19}},
                     counters) {
        service.vip = vip;
        service.port = be(80);
        service.protocol = IPPROTO_TCP;
        service.timeouts = ipvs_timeouts();
        service.persistence_mask = 0xffffffff;
        backends.resize(3);
        for (BackendEntry& backend : backends) {
            backend.forwards = backend.keeps_persistence = true;
            backend.mac = {{2, 0, 0, 0, 0, 7}};
        }
        in_rotation({0, 1});
    }

    void in_rotation(std::vector<BackendSlot> ring) {
        service.ring = ring;
        ++service.ring_version;
        std::vector<MaglevMember> members;
        for (const BackendSlot slot : ring) members.push_back({{slot, 1}, 100u + slot});
        service.maglev = maglev_table(members);
        publish();
    }
    void publish() {
        ServiceEntry other = service;
        other.protocol = IPPROTO_UDP;
        table = std::make_unique<ForwardingTable>(std::vector<ServiceEntry>{service, other},
                                                  backends, std::vector<ServiceSlot>{0, 1}, 1);
    }
    static Parsed packet(std::uint32_t client, std::uint16_t port, std::uint8_t flags,
                         std::uint8_t protocol = IPPROTO_TCP) {
        return {
            {client, vip, port, be(80), protocol}, PacketClass::flow, DropReason::none, flags, 34};
    }
    Verdict send(const Parsed& parsed) {
        return dispatcher.decide(*table, parsed, dispatcher.hash(parsed.key), 100, now);
    }
    BackendSlot syn(std::uint32_t client, std::uint16_t port) {
        return send(packet(client, port, RTE_TCP_SYN_FLAG)).backend;
    }
    BackendSlot ack(std::uint32_t client, std::uint16_t port) {
        return send(packet(client, port, RTE_TCP_ACK_FLAG)).backend;
    }
    FlowState state(std::uint32_t client, std::uint16_t port) {
        const FlowKey key{client, vip, port, be(80), IPPROTO_TCP};
        const Flow* flow = dispatcher.flows().find(key, dispatcher.hash(key));
        return flow == nullptr ? FlowState::free : flow->state;
    }

    WorkerCounters counters;
    std::vector<FlowTable::Line> flow_lines;
    std::vector<FlowTable::Line> persistence_lines;
    Dispatcher dispatcher;
    ServiceEntry service;
    std::vector<BackendEntry> backends;
    std::unique_ptr<ForwardingTable> table;
    Tick now = 1;
};

} // namespace

TEST_CASE("new connections alternate and stay where they are") {
    Scene scene;
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

TEST_CASE("what no service matches is the host's") {
    Scene scene;
    Parsed packet = Scene::packet(1, 1, RTE_TCP_SYN_FLAG);
    packet.key.vip_port = be(81);
    CHECK(scene.send(packet).kind == Verdict::Kind::punt);
}

TEST_CASE("the states of a connection follow the client's packets as in IPVS") {
    Scene scene;
    scene.syn(1, 1);
    CHECK(scene.state(1, 1) == FlowState::syn_recv);
    CHECK(scene.counters.backends[0].inactive.get() == 1);
    scene.ack(1, 1);
    CHECK(scene.state(1, 1) == FlowState::established);
    CHECK(scene.counters.backends[0].active.get() == 1);
    CHECK(scene.counters.backends[0].inactive.get() == 0);
    scene.send(Scene::packet(1, 1, RTE_TCP_FIN_FLAG | RTE_TCP_ACK_FLAG));
    CHECK(scene.state(1, 1) == FlowState::fin_wait);
    scene.ack(1, 1);
    CHECK(scene.state(1, 1) == FlowState::fin_wait);
    scene.send(Scene::packet(1, 1, RTE_TCP_RST_FLAG));
    CHECK(scene.state(1, 1) == FlowState::close);
    CHECK(scene.counters.backends[0].active.get() == 0);
    CHECK(scene.counters.backends[0].inactive.get() == 1);
}

TEST_CASE("a RST does not close a half-open connection") {
    CHECK(next_state(FlowState::syn_recv, RTE_TCP_RST_FLAG) == FlowState::syn_recv);
    CHECK(next_state(FlowState::syn_recv, RTE_TCP_FIN_FLAG) == FlowState::time_wait);
    CHECK(next_state(FlowState::established, RTE_TCP_SYN_FLAG) == FlowState::established);
}

TEST_CASE("a connection lives as long as its state's timeout after the last packet") {
    Scene scene;
    scene.syn(1, 1);
    scene.ack(1, 1);
    scene.now += 899 * second;
    CHECK(scene.ack(1, 1) == 0);
    scene.now += 899 * second;
    CHECK(scene.ack(1, 1) == 0);
    CHECK(scene.state(1, 1) == FlowState::established);
    scene.now += 902 * second;
    scene.dispatcher.sweep(scene.flow_lines.size(), scene.now);
    CHECK(scene.state(1, 1) == FlowState::free);
    CHECK(scene.counters.backends[0].active.get() == 0);
    CHECK(scene.counters.flows.get() == 0);
}

TEST_CASE("a SYN on a closing connection is scheduled anew in the same packet") {
    Scene scene;
    REQUIRE(scene.syn(1, 1) == 0);
    scene.ack(1, 1);
    scene.send(Scene::packet(1, 1, RTE_TCP_FIN_FLAG));
    CHECK(scene.syn(1, 1) == 1);
    CHECK(scene.state(1, 1) == FlowState::syn_recv);
    CHECK(scene.counters.flows.get() == 1);
}

TEST_CASE("a table published meanwhile moves no connection off a live backend") {
    Scene scene;
    REQUIRE(scene.syn(1, 1) == 0);
    scene.in_rotation({1, 2});
    CHECK(scene.ack(1, 1) == 0);
    CHECK(scene.syn(2, 1) != 0);
}

TEST_CASE("connections of a dead backend go where the service says") {
    Scene scene;
    REQUIRE(scene.syn(1, 1) == 0);
    scene.ack(1, 1);
    scene.backends[0].forwards = false;
    SECTION("to another backend") {
        scene.in_rotation({1});
        CHECK(scene.ack(1, 1) == 1);
        CHECK(scene.ack(1, 1) == 1);
    }
    SECTION("nowhere, if it says keep") {
        scene.service.on_backend_down = BackendDownPolicy::keep;
        scene.in_rotation({1});
        CHECK(scene.ack(1, 1) == 0);
        CHECK(scene.syn(1, 1) == 1); // but a new connection does not start there
    }
    SECTION("to an end, if it says reset") {
        scene.service.on_backend_down = BackendDownPolicy::reset;
        scene.in_rotation({1});
        CHECK(scene.send(Scene::packet(1, 1, RTE_TCP_ACK_FLAG)).kind == Verdict::Kind::reject);
        CHECK(scene.syn(1, 1) == 1);
    }
}

TEST_CASE("a service without a backend drops or rejects, and counts it") {
    Scene scene;
    scene.in_rotation({});
    const Verdict dropped = scene.send(Scene::packet(1, 1, RTE_TCP_SYN_FLAG));
    CHECK(dropped.kind == Verdict::Kind::drop);
    CHECK(dropped.reason == DropReason::no_backend);
    scene.service.on_no_backend = NoBackendPolicy::reject;
    scene.publish();
    CHECK(scene.send(Scene::packet(1, 1, RTE_TCP_SYN_FLAG)).kind == Verdict::Kind::reject);
    CHECK(scene.counters.service_drops[0].get() == 2);
}

TEST_CASE("a packet of an unknown connection gets what the service says") {
    Scene scene;
    SECTION("the consistent hash: always the same backend, no entry") {
        const BackendSlot first = scene.ack(1, 1);
        for (int i = 0; i < 10; ++i) CHECK(scene.ack(1, 1) == first);
        CHECK(scene.counters.flows.get() == 0);
        CHECK(scene.counters.stateless.get() == 11);
        std::set<BackendSlot> seen;
        for (std::uint32_t client = 1; client < 50; ++client) seen.insert(scene.ack(client, 1));
        CHECK(seen == std::set<BackendSlot>{0, 1});
    }
    SECTION("a drop") {
        scene.service.on_unknown_tcp = UnknownTcpPolicy::drop;
        scene.publish();
        CHECK(scene.send(Scene::packet(1, 1, RTE_TCP_ACK_FLAG)).reason ==
              DropReason::unknown_connection);
    }
    SECTION("a schedule of its own") {
        scene.service.on_unknown_tcp = UnknownTcpPolicy::schedule;
        scene.publish();
        CHECK(scene.ack(1, 1) == 0);
        CHECK(scene.ack(2, 1) == 1);
        CHECK(scene.state(1, 1) == FlowState::established);
    }
}

TEST_CASE("a SYN-ACK opens nothing") {
    Scene scene;
    scene.send(Scene::packet(1, 1, RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG));
    CHECK(scene.state(1, 1) == FlowState::free);
}

TEST_CASE("any datagram opens a UDP flow, which stays") {
    Scene scene;
    CHECK(scene.send(Scene::packet(1, 1, 0, IPPROTO_UDP)).backend == 0);
    CHECK(scene.send(Scene::packet(2, 1, 0, IPPROTO_UDP)).backend == 1);
    CHECK(scene.send(Scene::packet(1, 1, 0, IPPROTO_UDP)).backend == 0);
    CHECK(scene.counters.backends[0].inactive.get() == 1);
}

TEST_CASE("a persistent client keeps its backend until the timeout after its last connection") {
    Scene scene;
    scene.service.persistence = 300 * second;
    scene.publish();
    const BackendSlot bound = scene.syn(1, 1);
    scene.syn(2, 1);
    for (std::uint16_t port = 2; port < 10; ++port) CHECK(scene.syn(1, port) == bound);
    scene.now += 299 * second;
    CHECK(scene.syn(1, 20) == bound);
    scene.now += 299 * second;
    CHECK(scene.syn(1, 21) == bound);
    CHECK(scene.counters.persistence_entries.get() == 2);
    scene.now += 301 * second;
    scene.dispatcher.sweep(scene.persistence_lines.size(), scene.now);
    CHECK(scene.counters.persistence_entries.get() == 0);
    std::set<BackendSlot> seen;
    for (std::uint32_t client = 10; client < 12; ++client) seen.insert(scene.syn(client, 1));
    CHECK(seen.size() == 2);
}

TEST_CASE("clients of one network share a backend if the service says so") {
    Scene scene;
    scene.service.persistence = 300 * second;
    scene.service.persistence_mask = ip(255, 255, 255, 0);
    scene.publish();
    const BackendSlot bound = scene.syn(ip(198, 51, 100, 1), 1);
    for (unsigned host = 2; host < 20; ++host) CHECK(scene.syn(ip(198, 51, 100, host), 1) == bound);
    CHECK(scene.syn(ip(198, 51, 101, 1), 1) != bound);
}

TEST_CASE("persistence never leads to a dead backend, nor to another in its slot") {
    Scene scene;
    scene.service.persistence = 300 * second;
    scene.publish();
    const BackendSlot bound = scene.syn(1, 1);
    SECTION("dead") {
        scene.backends[bound].keeps_persistence = false;
    }
    SECTION("replaced") {
        ++scene.backends[bound].generation;
    }
    scene.in_rotation({static_cast<BackendSlot>(1 - bound)});
    CHECK(scene.syn(1, 2) == 1 - bound);
}

TEST_CASE("a drained backend keeps its persistent clients and gets no others") {
    Scene scene;
    scene.service.persistence = 300 * second;
    scene.publish();
    const BackendSlot bound = scene.syn(1, 1);
    scene.in_rotation({static_cast<BackendSlot>(1 - bound)});
    CHECK(scene.syn(1, 2) == bound);
    CHECK(scene.syn(2, 1) == 1 - bound);
}

TEST_CASE("a client's connections on several workers meet at one backend") {
    Scene here(0, 2);
    Scene there(1, 2);
    for (Scene* scene : {&here, &there}) {
        scene->service.persistence = 300 * second;
        scene->publish();
    }
    unsigned asked = 0;
    for (std::uint32_t client = 1; client <= 100; ++client) {
        std::set<BackendSlot> seen;
        for (std::uint16_t port = 1; port <= 4; ++port) {
            Scene& at = port % 2 == 0 ? here : there;
            Scene& other = port % 2 == 0 ? there : here;
            const Parsed packet = Scene::packet(client, port, RTE_TCP_SYN_FLAG);
            Verdict verdict = at.send(packet);
            if (verdict.kind == Verdict::Kind::ask_owner) {
                ++asked;
                const BackendSlot told = other.dispatcher.persistent_backend(
                    *other.table, other.table->service(0), packet.key, other.now);
                verdict = at.dispatcher.decide_as_told(
                    *at.table, packet, at.dispatcher.hash(packet.key), 100, at.now, told, 0);
            }
            REQUIRE(verdict.kind == Verdict::Kind::forward);
            seen.insert(verdict.backend);
        }
        CHECK(seen.size() == 1);
    }
    CHECK(asked == 200);
}

TEST_CASE("when the flow table is full of established flows, nobody is refused") {
    Scene scene;
    std::vector<FlowTable::Line> few(FlowTable::lines_for(1));
    Dispatcher dispatcher({0, 1, few, scene.persistence_lines, {11, 13}, {17, 19}}, scene.counters);
    for (std::uint32_t client = 1; client <= 100; ++client) {
        const Parsed syn = Scene::packet(client, 1, RTE_TCP_SYN_FLAG);
        const Parsed ack = Scene::packet(client, 1, RTE_TCP_ACK_FLAG);
        const Verdict opened =
            dispatcher.decide(*scene.table, syn, dispatcher.hash(syn.key), 60, 1);
        REQUIRE(opened.kind == Verdict::Kind::forward);
        const Verdict followed =
            dispatcher.decide(*scene.table, ack, dispatcher.hash(ack.key), 60, 1);
        REQUIRE(followed.kind == Verdict::Kind::forward);
        CHECK(followed.backend == opened.backend);
    }
    CHECK(scene.counters.stateless.get() > 0);
    CHECK(scene.counters.flows.get() == dispatcher.flows().size());
}

} // namespace lbd::dataplane::test
