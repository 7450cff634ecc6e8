// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/idle_sleep.h"

#include "tests/unit/catch.h"

namespace lbd::dataplane {

TEST_CASE("a thread without work sleeps for at most a sixteenth of the time since the last") {
    IdleSleep sleep;
    unsigned passed = 0;
    for (int i = 0; i < 1000; ++i) {
        const unsigned next = sleep.next_us();
        CHECK(next >= 50);
        CHECK(next <= std::max(50u, std::min(1000u, passed / 16)));
        passed += next;
    }
    CHECK(sleep.next_us() == 1000);
}

TEST_CASE("a thread without work wakes up some thousand times in the first second") {
    IdleSleep sleep;
    unsigned passed = 0;
    unsigned count = 0;
    for (; passed < 1'000'000; ++count) passed += sleep.next_us();
    CHECK(count > 1000);
    CHECK(count < 1100);
}

TEST_CASE("work makes the next sleep short again") {
    IdleSleep sleep;
    for (int i = 0; i < 1000; ++i) sleep.next_us();
    sleep.reset();
    CHECK(sleep.next_us() == 50);
}

} // namespace lbd::dataplane
