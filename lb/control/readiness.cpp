// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/readiness.h"

namespace lbd::control {

namespace {

// A backend that neither answers nor fails must not keep a director out for ever.
constexpr std::chrono::seconds longest_settling{15};
// Nor one whose transfer of its connections does not come to an end.
constexpr std::chrono::minutes longest_transfer{10};
// What was missed while a thread hung, the peers' connections above all, comes in first.
constexpr std::chrono::seconds recovery{2};

} // namespace

std::string Readiness::judge(const Facts& facts, Clock::time_point now) {
    if (first_ == Clock::time_point{}) first_ = now;
    thread_hangs_ = true;
    look_for_silence(facts, now);
    if (!hanging_.empty()) {
        hung_ = now;
        settled_ = false;
        first_ = now;
        return hanging_.front() == facts.worker_polls.size()
                   ? "the thread of the host interfaces hangs"
                   : "worker " + std::to_string(hanging_.front()) + " does not poll";
    }
    if (hung_ != Clock::time_point{} && now - hung_ < recovery)
        return "a thread that hung has only just begun again";
    thread_hangs_ = false;
    if (settled_) return {};
    if (now - first_ < longest_settling) {
        if (!facts.neighbours_concluded) return "backends' MAC addresses are being resolved";
        if (!facts.checks_judged) return "first health checks are under way";
    }
    if (!facts.state_received && now - first_ < longest_transfer)
        return "the peers' connections are being received";
    settled_ = true;
    return {};
}

void Readiness::look_for_silence(const Facts& facts, Clock::time_point now) {
    std::vector<std::uint64_t> polls = facts.worker_polls;
    if (facts.host_rounds) polls.push_back(*facts.host_rounds);
    pulses_.resize(polls.size(), {0, now});
    hanging_.clear();
    for (std::size_t thread = 0; thread < polls.size(); ++thread) {
        Pulse& pulse = pulses_[thread];
        if (pulse.polls != polls[thread]) pulse = {polls[thread], now};
        if (now - pulse.seen > facts.longest_silence) hanging_.push_back(thread);
    }
}

} // namespace lbd::control
