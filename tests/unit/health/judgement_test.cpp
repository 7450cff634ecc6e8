// SPDX-License-Identifier: BSD-3-Clause
// keepalived's TCP_CHECK (check_tcp.c, tcp_epilog), as sequences of results: '+' and '-'.
#include "health/judgement.h"

#include <string_view>

#include "tests/unit/catch.h"

namespace lbd::health {

namespace {

using namespace std::chrono_literals;

constexpr Milliseconds interval = 6s;
constexpr Milliseconds retry_delay = 1s;

Rules rules(unsigned retries, unsigned rise = 1, bool initially_up = false) {
    return {interval, retries, retry_delay, rise, initially_up};
}

Judgement::Step feed(Judgement& judgement, std::string_view results) {
    Judgement::Step last{};
    for (const char result : results) last = judgement.attempt(result == '+');
    return last;
}

} // namespace

TEST_CASE("a new backend is neither up nor down until its first result", "[judgement]") {
    Judgement judgement(rules(2));
    CHECK(judgement.verdict() == Verdict::unknown);
    CHECK(judgement.in_a_row() == 0);
    SECTION("a success brings it up") {
        const auto step = feed(judgement, "+");
        CHECK(step.changed);
        CHECK(step.next_attempt == interval);
        CHECK(judgement.verdict() == Verdict::up);
    }
    SECTION("a failure takes it down at once: it has no clients that retries could spare") {
        const auto step = feed(judgement, "-");
        CHECK(step.changed);
        CHECK(step.next_attempt == interval);
        CHECK(judgement.verdict() == Verdict::down);
    }
}

TEST_CASE("a backend that is up goes down after retries + 1 failures in a row", "[judgement]") {
    const unsigned retries = GENERATE(0U, 1U, 3U);
    Judgement judgement(rules(retries));
    feed(judgement, "+");
    for (unsigned failure = 0; failure < retries; ++failure) {
        const auto step = feed(judgement, "-");
        CHECK_FALSE(step.changed);
        CHECK(step.next_attempt == retry_delay);
        CHECK(judgement.verdict() == Verdict::up);
    }
    const auto step = feed(judgement, "-");
    CHECK(step.changed);
    CHECK(step.next_attempt == interval);
    CHECK(judgement.verdict() == Verdict::down);
}

TEST_CASE("a success between failures begins the count of retries anew", "[judgement]") {
    Judgement judgement(rules(2));
    feed(judgement, "+--+--");
    CHECK(judgement.verdict() == Verdict::up);
    CHECK(feed(judgement, "-").changed);
    CHECK(judgement.verdict() == Verdict::down);
}

TEST_CASE("a success while retrying returns to the interval", "[judgement]") {
    Judgement judgement(rules(2));
    const auto step = feed(judgement, "+-+");
    CHECK_FALSE(step.changed);
    CHECK(step.next_attempt == interval);
}

TEST_CASE("a backend that is down is tried once an interval, without retries", "[judgement]") {
    Judgement judgement(rules(3));
    for (int attempt = 0; attempt < 5; ++attempt) {
        const auto step = feed(judgement, "-");
        CHECK(step.changed == (attempt == 0));
        CHECK(step.next_attempt == interval);
    }
}

TEST_CASE("one success brings a backend up as in keepalived, unless rise asks for more",
          "[judgement]") {
    Judgement one(rules(0, 1));
    CHECK(feed(one, "-+").changed);
    CHECK(one.verdict() == Verdict::up);

    Judgement three(rules(0, 3));
    feed(three, "-++");
    CHECK(three.verdict() == Verdict::down);
    CHECK(feed(three, "+").changed);
    CHECK(three.verdict() == Verdict::up);
}

TEST_CASE("a failure begins the count of rise anew", "[judgement]") {
    Judgement judgement(rules(0, 3));
    feed(judgement, "-++-++");
    CHECK(judgement.verdict() == Verdict::down);
    feed(judgement, "+");
    CHECK(judgement.verdict() == Verdict::up);
}

TEST_CASE("rise holds for a new backend, too: it is unknown meanwhile", "[judgement]") {
    Judgement judgement(rules(0, 2));
    CHECK_FALSE(feed(judgement, "+").changed);
    CHECK(judgement.verdict() == Verdict::unknown);
    CHECK(feed(judgement, "+").changed);
}

TEST_CASE("initially up means up before the first result, retries included", "[judgement]") {
    Judgement judgement(rules(1, 1, true));
    CHECK(judgement.verdict() == Verdict::up);
    CHECK_FALSE(feed(judgement, "-").changed);
    CHECK(feed(judgement, "-").changed);
    CHECK(judgement.verdict() == Verdict::down);
}

TEST_CASE("results of the same kind in a row are counted", "[judgement]") {
    Judgement judgement(rules(1));
    feed(judgement, "+++");
    CHECK(judgement.in_a_row() == 3);
    feed(judgement, "-");
    CHECK(judgement.in_a_row() == 1);
    feed(judgement, "-");
    CHECK(judgement.in_a_row() == 2);
}

} // namespace lbd::health
