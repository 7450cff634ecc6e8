// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/link_return.h"

#include "start.h"
#include "tests/unit/catch.h"

namespace lbd::control {

using namespace std::chrono_literals;

TEST_CASE("a link that was never lost is no obstacle") {
    LinkReturn link;
    CHECK(link.judge({true, false, 0}, start).empty());
}

TEST_CASE("a link that returns waits for what was missed") {
    LinkReturn link;
    CHECK(link.judge({false, true, 7}, start) == "link is down");
    CHECK(link.judge({true, true, {}}, start + 1s) == "the link has only just returned");
    CHECK(link.judge({true, false, {}}, start + 3s) == "the peers' connections are being received");
    CHECK(link.judge({true, true, {}}, start + 4s).empty());
    CHECK(link.judge({true, false, 0}, start + 5s).empty());
}

TEST_CASE("backends that seemed down are checked again first, but not for ever") {
    LinkReturn link;
    link.judge({false, true, 7}, start);
    CHECK_FALSE(link.judge({true, true, 7}, start + 1s).empty());
    CHECK(link.judge({true, true, 8}, start + 4s) == "backends that seemed down are checked again");
    SECTION("they are up again") {
        CHECK(link.judge({true, true, {}}, start + 5s).empty());
    }
    SECTION("they are down indeed") {
        CHECK(link.judge({true, true, 9}, start + 5s).empty());
    }
    SECTION("they are checked seldom") {
        CHECK_FALSE(link.judge({true, true, 8}, start + 15s).empty());
        CHECK(link.judge({true, true, 8}, start + 16s).empty());
    }
}

} // namespace lbd::control
