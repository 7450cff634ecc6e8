// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/persistence.h"

#include <memory>
#include <set>

#include "dispatcher_scene.h"
#include "lb/dataplane/client_key.h"
#include "tests/unit/catch.h"

namespace lbd::dataplane::test {

#define BOTH_FAMILIES(name) TEMPLATE_TEST_CASE(name, "", KeyV4, KeyV6)

namespace {

template <class Key>
struct PersistentScene : Scene<Key> {
    PersistentScene() { persist(); }
    PersistentScene(std::shared_ptr<Neighbours> all, std::uint16_t worker)
        : Scene<Key>(std::move(all), worker) {
        persist();
    }
    void persist() {
        this->service.persistence = 300 * second;
        this->service.hashed = Hashed::client_network;
        this->publish();
    }
    std::uint64_t bindings() const { return this->counters.persistence_entries.get(); }
};

// A worker's dispatcher, and the others to ask.
template <class Key>
BackendSlot open_at(PersistentScene<Key>& at, PersistentScene<Key>& other, std::uint32_t client,
                    std::uint16_t port, unsigned& asked) {
    const Parsed packet = Scene<Key>::packet(client, port, RTE_TCP_SYN_FLAG);
    Verdict verdict = at.send(packet);
    if (verdict.kind == Verdict::Kind::ask_owner) {
        ++asked;
        const Bound bound = other.dispatcher.bind(*other.table, other.table->service(0),
                                                  packet.key<Key>(), other.now);
        verdict = at.dispatcher.decide_as_told(*at.table, packet, at.hash(packet), 100, at.now,
                                               {bound, 0, verdict.owner});
    }
    REQUIRE(verdict.kind == Verdict::Kind::forward);
    return verdict.backend;
}

template <class Key>
void deliver_releases(PersistentScene<Key>& from, PersistentScene<Key>& to) {
    for (; !from.releases.empty(); from.releases.pop()) {
        CHECK(from.releases.last().ipv6 == Scene<Key>::ipv6);
        to.dispatcher.persistence().release(from.releases.last().binding);
    }
}

} // namespace

BOTH_FAMILIES("a persistent client keeps its backend until the timeout after its last connection") {
    PersistentScene<TestType> scene;
    const BackendSlot bound = scene.syn(1, 1);
    scene.syn(2, 1);
    for (std::uint16_t port = 2; port < 10; ++port) CHECK(scene.syn(1, port) == bound);
    scene.now += 299 * second;
    CHECK(scene.syn(1, 20) == bound);
    scene.now += 299 * second;
    CHECK(scene.syn(1, 21) == bound);
    CHECK(scene.bindings() == 2);
    scene.now += 301 * second;
    scene.sweep();
    CHECK(scene.bindings() == 0);
    std::set<BackendSlot> seen;
    for (std::uint32_t client = 10; client < 12; ++client) seen.insert(scene.syn(client, 1));
    CHECK(seen.size() == 2);
}

BOTH_FAMILIES("a client stays bound for as long as one of its connections lives") {
    PersistentScene<TestType> scene;
    const BackendSlot bound = scene.syn(1, 1);
    scene.ack(1, 1);
    for (int i = 0; i < 10; ++i) {
        scene.now += 800 * second;
        CHECK(scene.ack(1, 1) == bound);
        scene.sweep();
        CHECK(scene.bindings() == 1);
    }
    scene.syn(7, 1); // the one after next would have been another's
    CHECK(scene.syn(1, 2) == bound);
    scene.rst(1, 1);
    scene.now += 299 * second; // the second connection's end
    scene.sweep();
    CHECK(scene.flows() == 0);
    scene.now += 2 * second;
    scene.sweep();
    CHECK(scene.bindings() == 0);
}

BOTH_FAMILIES("each of many clients is bound until the last of its own connections has ended") {
    PersistentScene<TestType> scene; // crowded, so that bindings share cache lines
    constexpr std::uint32_t clients = 500;
    for (std::uint32_t client = 1; client <= clients; ++client) {
        scene.syn(client, 1);
        if (client % 2 == 0) scene.ack(client, 1);
    }
    scene.now += 301 * second; // half-open connections have ended, as have all bindings but for
    scene.sweep();             // the connections that hold them
    CHECK(scene.flows() == clients / 2);
    CHECK(scene.bindings() == clients / 2);
    scene.now += 900 * second;
    scene.sweep();
    CHECK(scene.bindings() == 0);
}

BOTH_FAMILIES("a binding is renewed with the service's timeout, however often it was kept") {
    PersistentScene<TestType> scene;
    const BackendSlot bound = scene.syn(1, 1);
    scene.ack(1, 1);
    scene.now += 600 * second;
    CHECK(scene.syn(1, 2) == bound);
    scene.rst(1, 1);
    scene.now += 299 * second; // IPVS: only 60 s after it was kept once
    scene.sweep();
    CHECK(scene.bindings() == 1);
}

BOTH_FAMILIES("clients of one network share a backend if the service says so") {
    PersistentScene<TestType> scene;
    scene.service.client_prefix = Scene<TestType>::ipv6 ? 120 : 24;
    scene.publish();
    const BackendSlot bound = scene.syn(1, 1);
    for (unsigned host = 2; host < 20; ++host) CHECK(scene.syn(host, 1) == bound);
    CHECK(scene.syn(256 + 1, 1) != bound);
}

BOTH_FAMILIES("persistence never leads to a dead backend") {
    PersistentScene<TestType> scene;
    const BackendSlot bound = scene.syn(1, 1);
    scene.backends[bound].keeps_persistence = false;
    scene.in_rotation({static_cast<BackendSlot>(1 - bound)});
    CHECK(scene.syn(1, 2) == 1 - bound);
    CHECK(scene.counters.backends[bound].persistent.get() == 0);
    // Back again, it does not get the client back that has moved.
    scene.backends[bound].keeps_persistence = true;
    scene.in_rotation({0, 1});
    CHECK(scene.syn(1, 3) == 1 - bound);
    CHECK(scene.bindings() == 1);
}

BOTH_FAMILIES("a drained backend keeps its persistent clients and gets no others") {
    PersistentScene<TestType> scene;
    const BackendSlot bound = scene.syn(1, 1);
    scene.in_rotation({static_cast<BackendSlot>(1 - bound)});
    CHECK(scene.syn(1, 2) == bound);
    CHECK(scene.syn(2, 1) == 1 - bound);
}

BOTH_FAMILIES("a client's connections on several workers meet at one backend") {
    const auto all = std::make_shared<Neighbours>(2);
    PersistentScene<TestType> here(all, 0);
    PersistentScene<TestType> there(all, 1);
    unsigned asked = 0;
    for (std::uint32_t client = 1; client <= 100; ++client) {
        std::set<BackendSlot> seen;
        for (std::uint16_t port = 1; port <= 4; ++port)
            seen.insert(port % 2 == 0 ? open_at(here, there, client, port, asked)
                                      : open_at(there, here, client, port, asked));
        CHECK(seen.size() == 1);
    }
    CHECK(asked == 200);
    CHECK(here.bindings() + there.bindings() == 100);

    SECTION("and their ends are told to the owner of the binding") {
        for (auto* scene : {&here, &there}) {
            scene->now += 301 * second;
            scene->sweep();
            CHECK(scene->flows() == 0);
        }
        CHECK(here.bindings() + there.bindings() > 0); // not told yet
        deliver_releases(here, there);
        deliver_releases(there, here);
        for (auto* scene : {&here, &there}) scene->sweep();
        CHECK(here.bindings() + there.bindings() == 0);
    }
}

BOTH_FAMILIES("an answer that comes too late lets the binding go") {
    const auto all = std::make_shared<Neighbours>(2);
    PersistentScene<TestType> here(all, 0);
    PersistentScene<TestType> there(all, 1);
    std::uint32_t client = 1;
    while (here.send(Scene<TestType>::packet(client, 1, RTE_TCP_SYN_FLAG)).kind !=
           Verdict::Kind::ask_owner)
        ++client;
    const Parsed packet = Scene<TestType>::packet(client, 1, RTE_TCP_SYN_FLAG);
    const TestType& key = packet.template key<TestType>();
    // Twice asked about one connection, whose SYN was sent again: two answers, one flow.
    for (int i = 0; i < 2; ++i) {
        const Bound bound = there.dispatcher.bind(*there.table, there.table->service(0), key, 1);
        here.dispatcher.decide_as_told(*here.table, packet, here.hash(packet), 100, 1,
                                       {bound, 0, 1});
    }
    CHECK(here.flows() >= 1);
    deliver_releases(here, there);
    here.now = there.now = 301 * second;
    here.sweep();
    deliver_releases(here, there);
    there.sweep();
    CHECK(there.bindings() == 0);
}

BOTH_FAMILIES("a binding ends with a flow of seven years") {
    PersistentScene<TestType> scene;
    constexpr Tick day = 24 * 3600 * second;
    scene.service.timeouts.of[static_cast<std::size_t>(FlowState::established)] = 7 * day;
    scene.publish();
    scene.syn(1, 1);
    for (int week = 0; week < 7 * 52; ++week) {
        scene.ack(1, 1);
        scene.now += 7 * day - second;
        scene.sweep();
    }
    CHECK(scene.bindings() == 1);
    scene.now += 2 * second;
    scene.sweep();
    CHECK(scene.flows() == 0);
    CHECK(scene.bindings() == 0);
}

TEST_CASE("a service of all ports binds a client for all of them") {
    PersistentScene<KeyV4> scene;
    scene.service.port = 0;
    scene.publish();
    const auto open = [&](std::uint32_t client, std::uint16_t port) {
        return scene.send(Scene<KeyV4>::packet(client, 1, RTE_TCP_SYN_FLAG, IPPROTO_TCP, port))
            .backend;
    };
    const BackendSlot bound = open(1, 80);
    CHECK(open(2, 80) != bound);
    CHECK(open(1, 443) == bound);
    CHECK(open(1, 8080) == bound);
    CHECK(scene.bindings() == 2);
}

TEST_CASE("networks are cut at any prefix length") {
    CHECK(network_of(ip(198, 51, 100, 255), 25) == ip(198, 51, 100, 128));
    CHECK(network_of(ip(198, 51, 100, 255), 32) == ip(198, 51, 100, 255));
    CHECK(network_of(ip(198, 51, 100, 255), 0) == 0);
    Ipv6 address;
    address.fill(0xff);
    CHECK(network_of(address, 128) == address);
    CHECK(network_of(address, 0) == Ipv6{});
    CHECK(network_of(address, 60)[7] == 0xf0);
    CHECK(network_of(address, 60)[8] == 0);
    CHECK(network_of(address, 64)[7] == 0xff);
}

} // namespace lbd::dataplane::test
