// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/slow_start.h"

#include "start.h"
#include "tests/unit/catch.h"

namespace lbd::control {

using namespace std::chrono_literals;

TEST_CASE("a backend that was up before we looked has its whole weight") {
    SlowStart warm;
    CHECK(warm.up(start, 10s) == SlowStart::steps);
}

TEST_CASE("one that comes up gets it in ten steps, each time it does") {
    SlowStart backend;
    for (int recovery = 0; recovery < 2; ++recovery) {
        backend.down();
        const auto up = start + recovery * 100s;
        CHECK(backend.up(up, 10s) == 1);
        CHECK(backend.up(up + 1s, 10s) == 1);
        CHECK(backend.up(up + 5s, 10s) == 5);
        CHECK(backend.up(up + 9999ms, 10s) == 9);
        CHECK(backend.up(up + 10s, 10s) == SlowStart::steps);
        CHECK(backend.up(up + 11s, 10s) == SlowStart::steps);
    }
}

TEST_CASE("going down in the middle begins anew, and a new one begins so, too") {
    SlowStart added(false);
    CHECK(added.up(start, 10s) == 1);
    CHECK(added.up(start + 9s, 10s) == 9);
    added.down();
    CHECK(added.up(start + 9s, 10s) == 1);
    CHECK(added.up(start + 12s, 10s) == 3);
}

TEST_CASE("without slow start all is there at once") {
    SlowStart backend;
    backend.down();
    CHECK(backend.up(start, 0s) == SlowStart::steps);
}

} // namespace lbd::control
