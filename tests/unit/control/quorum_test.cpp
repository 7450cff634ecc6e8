// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/quorum.h"

#include "tests/unit/catch.h"

namespace lbd::control {

namespace {

config::Service service(std::uint32_t quorum, std::uint32_t hysteresis = 0, unsigned percent = 0) {
    config::Service result{};
    result.quorum = quorum;
    result.hysteresis = hysteresis;
    result.ignore_checks_below_percent = percent;
    return result;
}

// So many backends of weight 1, of which so many are up.
std::vector<Candidate> backends(unsigned all, unsigned up) {
    std::vector<Candidate> result;
    for (unsigned i = 0; i < all; ++i) result.push_back({1, i < up, true});
    return result;
}

Standing after(const config::Service& service, std::initializer_list<unsigned> ups) {
    Standing standing;
    for (const unsigned up : ups) standing = judge_standing(service, standing, backends(10, up));
    return standing;
}

} // namespace

TEST_CASE("by default one backend that is up is a quorum") {
    CHECK(after(service(1), {0}).quorum == false);
    CHECK(after(service(1), {0, 1}).quorum == true);
    CHECK(after(service(1), {5, 0}).quorum == false);
}

TEST_CASE("weights are summed up, of those that are up and there") {
    const std::vector<Candidate> mixed{{5, true, true}, {9, false, true}, {9, true, false}};
    CHECK(judge_standing(service(5), {}, mixed).quorum == true);
    CHECK(judge_standing(service(6), {}, mixed).quorum == false);
    CHECK(judge_standing(service(1), {}, {}).quorum == false);
}

TEST_CASE("a hysteresis keeps the quorum as it is on either side") {
    const auto wide = service(5, 2);
    CHECK(after(wide, {5}).quorum == true);    // the first judgement has none
    CHECK(after(wide, {5, 3}).quorum == true); // 5 - 2
    CHECK(after(wide, {5, 2}).quorum == false);
    CHECK(after(wide, {5, 2, 6}).quorum == false);
    CHECK(after(wide, {5, 2, 7}).quorum == true); // 5 + 2
    CHECK(after(service(1, 5), {1, 0}).quorum == true);
}

TEST_CASE("when too few are up the checks are ignored") {
    const auto careful = service(1, 0, 30);
    CHECK_FALSE(after(careful, {3}).checks_ignored);
    CHECK(after(careful, {2}).checks_ignored);
    CHECK(after(careful, {0}).checks_ignored);
    CHECK(after(careful, {0}).quorum == true);
    CHECK_FALSE(after(careful, {0, 3}).checks_ignored);
    CHECK_FALSE(after(service(1), {0}).checks_ignored);
    // Whoever gets no connections anyway does not count.
    CHECK_FALSE(judge_standing(careful, {}, {{1, true, true}, {0, false, true}}).checks_ignored);
}

} // namespace lbd::control
