// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/buffer_watch.h"

#include "lb/dataplane/ring_sizes.h"
#include "tests/unit/catch.h"

using lbd::control::BufferWatch;

TEST_CASE("that a port has no packet buffers is said once, and when it has some again") {
    BufferWatch watch;
    CHECK(watch.look({{"lb0", true}, {"lb1", false}}).empty());
    const auto said = watch.look({{"lb0", true}, {"lb1", false}});
    REQUIRE(said.size() == 1);
    CHECK(said[0].starts_with("lb0: no packet buffer is left"));
    CHECK(watch.look({{"lb0", true}, {"lb1", true}}).empty());
    const auto again = watch.look({{"lb0", false}, {"lb1", false}});
    REQUIRE(again.size() == 1);
    CHECK(again[0].starts_with("lb0: there are packet buffers again"));
}

TEST_CASE("a moment without packet buffers is not worth a word") {
    BufferWatch watch;
    for (int i = 0; i < 5; ++i) {
        CHECK(watch.look({{"lb0", true}}).empty());
        CHECK(watch.look({{"lb0", false}}).empty());
    }
}

TEST_CASE("the rings of a trunk with many networks are shorter, and hold no fewer than a burst") {
    using namespace lbd::dataplane;
    CHECK(host_ring_size(1) == 1024);
    CHECK(host_ring_size(5) == 128);
    CHECK(host_ring_size(254) == 64);
    CHECK(waiting_packets(1, 1) == 2 * 1024 + 1024);
    CHECK(waiting_packets(2, 4) == 2 * 5 * 512 + 3 * 1024 + 4 * 1024);
}
