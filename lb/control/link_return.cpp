// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/link_return.h"

#include <utility>

namespace lbd::control {

namespace {

using namespace std::chrono_literals;

constexpr auto shortest = 2s;      // peers have found each other again by then
constexpr auto longest_wait = 15s; // a backend that is down anyway is not waited for
// One may have been under way when the link came back.
constexpr std::uint64_t attempts_needed = 2;

} // namespace

std::string LinkReturn::judge(const Facts& facts, Clock::time_point now) {
    if (!facts.link) {
        lost_ = true;
        returned_.reset();
        return "link is down";
    }
    if (std::exchange(lost_, false)) {
        returned_ = now;
        attempts_then_ = facts.attempts.value_or(0);
    }
    if (!returned_) return {};
    const auto passed = now - *returned_;
    if (passed < shortest) return "the link has only just returned";
    if (passed < longest_wait) {
        if (!facts.state_received) return "the peers' connections are being received";
        if (facts.attempts && *facts.attempts < attempts_then_ + attempts_needed)
            return "backends that seemed down are checked again";
    }
    returned_.reset();
    return {};
}

} // namespace lbd::control
