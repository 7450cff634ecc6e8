// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/readiness.h"

#include "start.h"
#include "tests/unit/catch.h"

namespace lbd::control {

using namespace std::chrono_literals;

TEST_CASE("a director is ready once its neighbours and checks have been judged") {
    Readiness readiness;
    CHECK_FALSE(readiness.judge({false, false, true, {1}}, start).empty());
    CHECK_FALSE(readiness.judge({true, false, true, {2}}, start + 1s).empty());
    CHECK(readiness.judge({true, true, true, {3}}, start + 2s).empty());
    // A backend that a reload adds does not take mastership away.
    CHECK(readiness.judge({false, false, true, {4}}, start + 3s).empty());
}

TEST_CASE("a backend that is never judged does not keep a director out for ever") {
    Readiness readiness;
    std::uint64_t polls = 0;
    CHECK_FALSE(readiness.judge({false, true, true, {++polls}}, start).empty());
    for (auto passed = 1s; passed < 15s; ++passed)
        CHECK_FALSE(readiness.judge({false, true, true, {++polls}}, start + passed).empty());
    CHECK(readiness.judge({false, true, true, {++polls}}, start + 16s).empty());
}

TEST_CASE("a worker that stops polling takes readiness away until it polls again") {
    Readiness readiness;
    CHECK(readiness.judge({true, true, true, {1, 1}}, start).empty());
    CHECK(readiness.judge({true, true, true, {2, 1}}, start + 1s).empty());
    CHECK(readiness.judge({true, true, true, {3, 1}}, start + 3s) == "worker 1 does not poll");
    CHECK(readiness.hanging() == std::vector<std::size_t>{1});
    CHECK_FALSE(readiness.judge({true, true, true, {4, 2}}, start + 4s).empty());
    CHECK(readiness.hanging().empty());
    CHECK_FALSE(readiness.judge({true, true, false, {5, 3}}, start + 6s).empty());
    CHECK(readiness.judge({true, true, true, {6, 4}}, start + 7s).empty());
}

TEST_CASE("the thread that carries frames to the host is watched as a worker is") {
    Readiness readiness;
    CHECK(readiness.judge({true, true, true, {1}, 1s, 1}, start).empty());
    CHECK(readiness.judge({true, true, true, {2}, 1s, 1}, start + 2s) ==
          "the thread of the host interfaces hangs");
    CHECK(readiness.thread_hangs());
    CHECK(readiness.hanging() == std::vector<std::size_t>{1});
    CHECK_FALSE(readiness.judge({true, true, true, {3}, 1s, 2}, start + 3s).empty());
    CHECK(readiness.judge({true, true, true, {4}, 1s, 3}, start + 5s).empty());
    CHECK_FALSE(readiness.thread_hangs());
}

TEST_CASE("all threads that hang are told, the first of them in words") {
    Readiness readiness;
    CHECK(readiness.judge({true, true, true, {1, 1}, 1s, 1}, start).empty());
    CHECK(readiness.judge({true, true, true, {1, 2}, 1s, 1}, start + 2s) ==
          "worker 0 does not poll");
    CHECK(readiness.hanging() == std::vector<std::size_t>{0, 2});
}

TEST_CASE("how long a worker may be silent depends on the adverts") {
    Readiness readiness;
    CHECK(readiness.judge({true, true, true, {1}, 100ms}, start).empty());
    CHECK(readiness.judge({true, true, true, {1}, 100ms}, start + 100ms).empty());
    CHECK(readiness.judge({true, true, true, {1}, 100ms}, start + 101ms) ==
          "worker 0 does not poll");
}

TEST_CASE("a director waits for what its peers know, longer than for anything else") {
    Readiness readiness;
    CHECK_FALSE(readiness.judge({true, true, false, {1}}, start).empty());
    CHECK_FALSE(readiness.judge({true, true, false, {2}}, start + 1s).empty());
    CHECK_FALSE(readiness.judge({false, false, false, {3}}, start + 60s).empty());
    CHECK(readiness.judge({true, true, true, {4}}, start + 61s).empty());
    CHECK(readiness.judge({true, true, false, {5}}, start + 62s).empty());
}

} // namespace lbd::control
