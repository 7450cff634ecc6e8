// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/suspicion.h"

#include "tests/unit/catch.h"

namespace lbd::control {

namespace {

using Finding = Suspicion::Finding;

// A backend with so many new connections a sample, of which a share goes on within the next.
struct WatchedBackend {
    Suspicion suspicion;
    Suspicion::Counts counts{0, 0};
    std::uint64_t under_way = 0;

    Finding sample(std::uint64_t opened, unsigned percent_confirmed, unsigned below = 50) {
        counts.confirmed += under_way * percent_confirmed / 100;
        under_way = opened;
        counts.opened += opened;
        return suspicion.sample(counts, below);
    }
};

} // namespace

TEST_CASE("connections that go on raise no suspicion, however many are under way") {
    WatchedBackend traffic;
    for (int i = 0; i < 30; ++i) CHECK(traffic.sample(1000 * (i + 1), 100) == Finding::none);
    CHECK_FALSE(traffic.suspicion.suspected());
}

TEST_CASE(
    "when connections stop going on suspicion comes within two seconds, and is told as new once") {
    WatchedBackend traffic;
    for (int i = 0; i < 20; ++i) traffic.sample(10, 100);
    int samples = 0;
    while (traffic.sample(10, 0) == Finding::none) REQUIRE(++samples < 10);
    CHECK(traffic.sample(10, 0) == Finding::again);
    CHECK(traffic.suspicion.suspected());
    CHECK(traffic.suspicion.confirmed() * 2 < traffic.suspicion.opened());
}

TEST_CASE("suspicion ends when connections go on again") {
    WatchedBackend traffic;
    for (int i = 0; i < 20; ++i) traffic.sample(10, 0);
    REQUIRE(traffic.suspicion.suspected());
    for (int i = 0; i < 8; ++i) traffic.sample(10, 100);
    CHECK_FALSE(traffic.suspicion.suspected());
    for (int i = 0; i < 8; ++i) traffic.sample(10, 0);
    CHECK(traffic.suspicion.suspected());
}

TEST_CASE("a few connections show nothing, and 0 percent never suspects") {
    WatchedBackend few;
    WatchedBackend never;
    for (int i = 0; i < 40; ++i) {
        CHECK(few.sample(i % 2, 0) == Finding::none); // two or three a second
        CHECK(never.sample(100, 0, 0) == Finding::none);
    }
}

} // namespace lbd::control
