// SPDX-License-Identifier: BSD-3-Clause
// The worker sends most packets the short way: it must be no other way.
#include <random>

#include "dispatcher_scene.h"
#include "tests/unit/catch.h"

namespace lbd::dataplane::test {

namespace {

template <class Key>
void check_same(Scene<Key>& shorter, Scene<Key>& longer, const Parsed& packet) {
    const Flow<Key>* one = shorter.dispatcher.flows().find(packet.key<Key>(), shorter.hash(packet));
    const Flow<Key>* other = longer.dispatcher.flows().find(packet.key<Key>(), longer.hash(packet));
    REQUIRE((one == nullptr) == (other == nullptr));
    if (one == nullptr) return;
    REQUIRE(one->state == other->state);
    REQUIRE(one->expires == other->expires);
    REQUIRE(one->backend == other->backend);
    for (BackendSlot slot = 0; slot < 3; ++slot) {
        const BackendCounters& mine = shorter.counters.backends[slot];
        const BackendCounters& theirs = longer.counters.backends[slot];
        REQUIRE(mine.packets.get() == theirs.packets.get());
        REQUIRE(mine.bytes.get() == theirs.bytes.get());
        REQUIRE(mine.active.get() == theirs.active.get());
        REQUIRE(mine.inactive.get() == theirs.inactive.get());
    }
}

} // namespace

TEMPLATE_TEST_CASE("the short way decides as the long one does", "", KeyV4, KeyV6) {
    std::mt19937 random(4);
    Scene<TestType> shorter;
    Scene<TestType> longer;
    unsigned forwarded = 0;
    for (unsigned step = 0; step < 100'000; ++step) {
        const bool udp = random() % 4 == 0;
        const auto flags = static_cast<std::uint8_t>(random() % 8 == 0   ? random() % 64
                                                     : random() % 4 == 0 ? RTE_TCP_SYN_FLAG
                                                                         : RTE_TCP_ACK_FLAG);
        const Parsed packet =
            Scene<TestType>::packet(random() % 20, static_cast<std::uint16_t>(1000 + random() % 10),
                                    udp ? std::uint8_t{0} : flags, udp ? IPPROTO_UDP : IPPROTO_TCP);
        if (random() % 1000 == 0) {
            const auto fate = static_cast<FlowFate>(random() % 4);
            for (Scene<TestType>* scene : {&shorter, &longer}) {
                scene->backends[1].fate = fate;
                scene->publish();
            }
        }
        const unsigned passed = random() % 50 == 0 ? random() % 2000 : 0;
        shorter.now += passed;
        longer.now += passed;
        const Verdict one = shorter.send(packet);
        const Verdict other = longer.send_the_long_way(packet);
        REQUIRE(one.kind == other.kind);
        REQUIRE(one.backend == other.backend);
        REQUIRE(one.reason == other.reason);
        check_same(shorter, longer, packet);
        if (one.kind == Verdict::Kind::forward) ++forwarded;
    }
    CHECK(forwarded > 50'000);
}

} // namespace lbd::dataplane::test
