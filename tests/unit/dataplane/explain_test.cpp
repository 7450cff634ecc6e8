// SPDX-License-Identifier: BSD-3-Clause
// What is explained is what is then decided, and explaining changes nothing.
#include "lb/dataplane/explanation.h"

#include <cstring>
#include <random>

#include "dispatcher_scene.h"
#include "tests/unit/catch.h"

namespace lbd::dataplane::test {

namespace {

template <class Key>
Explanation explained(const Scene<Key>& scene, const Parsed& packet) {
    return scene.dispatcher.explain(*scene.table, packet, scene.now);
}

template <class Key>
const Outlook& outlook_of(const Explanation& explanation, const Parsed& packet) {
    const bool opening = packet.key<Key>().protocol == IPPROTO_UDP || opens(packet.tcp_flags);
    return opening ? explanation.opening : *explanation.later;
}

bool same(const Verdict& one, const Verdict& other) {
    return one.kind == other.kind && one.reason == other.reason && one.backend == other.backend &&
           one.owner == other.owner;
}

template <class Line>
std::vector<unsigned char> bytes_of(const std::vector<Line>& lines) {
    std::vector<unsigned char> bytes(lines.size() * sizeof(Line));
    std::memcpy(bytes.data(), lines.data(), bytes.size());
    return bytes;
}

// A service at random, and what happens to it and its clients.
template <class Key>
class Life {
  public:
    explicit Life(unsigned seed) : random_(seed), scene_(flows_at_half_load) {
        ServiceEntry& service = scene_.service;
        service.discipline = static_cast<Discipline>(below(4));
        service.hashed = static_cast<Hashed>(below(4));
        service.on_no_backend = static_cast<NoBackendPolicy>(below(2));
        service.on_unknown_tcp = static_cast<UnknownTcpPolicy>(below(4));
        service.persistence = below(2) * 30 * second;
        service.client_prefix = below(2) == 0 ? 128 : 28;
        service.limit = below(3) == 0 ? 3 : 0;
        for (BackendEntry& backend : scene_.backends) {
            backend.weight = static_cast<std::uint16_t>(1 + below(4));
            if (below(2) == 0) continue;
            backend.upper_threshold = 3 + below(6);
            backend.lower_threshold = below(backend.upper_threshold);
        }
        rotate();
    }

    void happen() {
        scene_.now += below(4) == 0 ? below(20 * second) : 0;
        switch (below(24)) {
            case 0:
                return rotate();
            case 1:
                return lose();
            case 2:
                return scene_.sweep();
            default:
                return arrive();
        }
    }

    unsigned without_room() const { return without_room_; }

  private:
    static constexpr std::size_t flows_at_half_load = 1;

    std::uint32_t below(std::uint32_t end) { return random_() % end; }

    void rotate() {
        std::vector<BackendSlot> ring;
        for (BackendSlot slot = 0; slot < 3; ++slot)
            if (below(5) != 0) ring.push_back(slot);
        scene_.in_rotation(ring);
    }
    void lose() {
        BackendEntry& backend = scene_.backends[below(3)];
        backend.fate = static_cast<FlowFate>(below(4));
        backend.keeps_persistence = below(2) == 0;
        scene_.publish();
    }
    void arrive() {
        constexpr std::array<std::uint8_t, 5> flags{
            RTE_TCP_SYN_FLAG, RTE_TCP_SYN_FLAG, RTE_TCP_ACK_FLAG,
            RTE_TCP_FIN_FLAG | RTE_TCP_ACK_FLAG, RTE_TCP_RST_FLAG};
        const std::uint8_t protocol = below(6) == 0 ? IPPROTO_UDP : IPPROTO_TCP;
        const Parsed packet =
            Scene<Key>::packet(below(60), static_cast<std::uint16_t>(1000 + below(3)),
                               protocol == IPPROTO_TCP ? flags[below(5)] : std::uint8_t{0},
                               protocol, below(20) == 0 ? 81 : 80);
        const Outlook outlook = outlook_of<Key>(explained(scene_, packet), packet);
        const Outlook again = outlook_of<Key>(explained(scene_, packet), packet);
        CHECK(same(outlook.verdict, again.verdict));
        without_room_ += outlook.room ? 0 : 1;
        CHECK(same(outlook.verdict, scene_.send(packet)));
    }

    std::mt19937 random_;
    Scene<Key> scene_;
    unsigned without_room_ = 0;
};

} // namespace

TEMPLATE_TEST_CASE("what is explained is what happens to the next packet", "", KeyV4, KeyV6) {
    unsigned without_room = 0;
    for (unsigned seed = 0; seed < 60; ++seed) {
        CAPTURE(seed);
        Life<TestType> life(seed);
        for (int i = 0; i < 600; ++i) life.happen();
        without_room += life.without_room();
    }
    CHECK(without_room > 0);
}

TEMPLATE_TEST_CASE("explaining moves nothing", "", KeyV4, KeyV6) {
    Scene<TestType> scene;
    scene.service.persistence = 300 * second;
    scene.service.limit = 5;
    scene.in_rotation({0, 1});
    for (std::uint32_t client = 0; client < 4; ++client) scene.syn(client, 1000);
    scene.service.persistence = 0;
    scene.publish();
    const auto flows = bytes_of(scene.flow_lines);
    const auto bindings = bytes_of(scene.binding_lines);
    const std::uint64_t first = scene.counters.backends[0].connections.get();
    const BackendSlot next = explained(scene, scene.packet(9, 1000, 0)).opening.verdict.backend;
    for (int i = 0; i < 1001; ++i) {
        const auto client = static_cast<std::uint32_t>(i % 9);
        explained(scene, scene.packet(client, 1000, 0));
        scene.dispatcher.explain_binding(*scene.table, scene.packet(client, 1000, 0), scene.now);
    }
    CHECK(bytes_of(scene.flow_lines) == flows);
    CHECK(bytes_of(scene.binding_lines) == bindings);
    CHECK(scene.counters.backends[0].connections.get() == first);
    CHECK(scene.syn(9, 1000) == next);
    for (std::uint16_t port = 1001; port < 1005; ++port) CHECK(scene.syn(9, port) != no_backend);
    CHECK(scene.syn(9, 1005) == no_backend); // only what came counts against the limit
}

TEST_CASE("a flow is explained with its state, what is left of it and its backend's fate") {
    Scene<KeyV4> scene;
    const BackendSlot slot = scene.syn(1, 1000);
    scene.ack(1, 1000);
    scene.backends[slot].fate = FlowFate::keep;
    scene.publish();
    scene.now += 100 * second;
    const Explanation explanation = explained(scene, scene.packet(1, 1000, 0));
    REQUIRE(explanation.flow);
    CHECK(explanation.flow->state == FlowState::established);
    CHECK(explanation.flow->backend == slot);
    CHECK(explanation.flow->fate == FlowFate::keep);
    CHECK(explanation.flow->remaining == 800 * second);
    CHECK(explanation.later->because == Because::flow);
    CHECK(explanation.opening.ends_flow);
    CHECK(explanation.opening.because == Because::ring);
}

TEST_CASE("an ended flow that nobody has swept is not there any more") {
    Scene<KeyV4> scene;
    scene.syn(1, 1000);
    scene.now += 61 * second;
    CHECK(!explained(scene, scene.packet(1, 1000, 0)).flow);
}

TEST_CASE("a binding is explained with its backend, its time and its flows") {
    Scene<KeyV4> scene;
    scene.service.persistence = 300 * second;
    scene.in_rotation({0, 1});
    const BackendSlot slot = scene.syn(1, 1000);
    scene.now += 10 * second;
    Explanation explanation = explained(scene, scene.packet(1, 2000, 0));
    REQUIRE(explanation.binding);
    CHECK(explanation.binding->backend == slot);
    CHECK(explanation.binding->remaining == 290 * second);
    CHECK(explanation.binding->flows == 1);
    CHECK(explanation.binding->holds);
    CHECK(explanation.opening.because == Because::binding);
    scene.backends[slot].keeps_persistence = false;
    scene.publish();
    explanation = explained(scene, scene.packet(1, 2000, 0));
    CHECK(!explanation.binding->holds);
    CHECK(explanation.opening.because == Because::ring);
}

TEST_CASE("a client whose binding another worker keeps is explained by both") {
    const auto all = std::make_shared<Neighbours>(2);
    Scene<KeyV4> first(all, 0);
    Scene<KeyV4> second_worker(all, 1);
    for (Scene<KeyV4>* scene : {&first, &second_worker}) {
        scene->service.persistence = 300 * second;
        scene->in_rotation({0, 1});
    }
    std::uint32_t client = 0;
    Outlook asking;
    do asking = explained(first, first.packet(++client, 1000, 0)).opening;
    while (asking.verdict.kind != Verdict::Kind::ask_owner);
    CHECK(asking.verdict.owner == 1);
    const Parsed packet = first.packet(client, 1000, RTE_TCP_SYN_FLAG);
    const Explanation told =
        second_worker.dispatcher.explain_binding(*second_worker.table, packet, 1);
    const Outlook outlook = settled(asking, told.opening);
    CHECK(outlook.verdict.kind == Verdict::Kind::forward);
    CHECK(outlook.because == Because::ring);
    const Bound bound = second_worker.dispatcher.bind(
        *second_worker.table, *second_worker.table->find(packet.v4), packet.v4, 1);
    CHECK(bound.backend == outlook.verdict.backend);
}

TEST_CASE("a full flow table is explained by the hash, also when the owner was asked") {
    Outlook asking{{Verdict::Kind::ask_owner, DropReason::none, 2, 1}};
    asking.room = false;
    const Outlook told{{Verdict::Kind::forward, DropReason::none, 0}, Because::binding};
    const Outlook outlook = settled(asking, told);
    CHECK(outlook.verdict.backend == 2);
    CHECK(outlook.because == Because::stateless);
    const Outlook nobody{{Verdict::Kind::drop, DropReason::no_backend}};
    CHECK(settled(asking, nobody).verdict.kind == Verdict::Kind::drop);
}

TEST_CASE("an overloaded backend that the hash names is explained by who helps out") {
    Scene<KeyV4> scene;
    scene.service.discipline = Discipline::hash;
    scene.backends[0].upper_threshold = 1;
    scene.in_rotation({0, 1});
    std::uint32_t client = 0;
    while (scene.syn(++client, 1000) != 0) {
    }
    Outlook outlook;
    do outlook = explained(scene, scene.packet(++client, 1000, 0)).opening;
    while (outlook.because == Because::hash);
    CHECK(outlook.because == Because::helped_out);
    CHECK(outlook.verdict.backend == 1);
}

} // namespace lbd::dataplane::test
