// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/readiness.h"

namespace lbd::control {

namespace {

// A backend that neither answers nor fails must not keep a director out for ever.
constexpr std::chrono::seconds longest_settling{15};
// Nor one whose transfer of its connections does not come to an end.
constexpr std::chrono::minutes longest_transfer{10};
// What was missed while a worker hung, the peers' connections above all, comes in first.
constexpr std::chrono::seconds recovery{2};

} // namespace

std::string Readiness::judge(const Facts& facts, Clock::time_point now) {
    if (first_ == Clock::time_point{}) first_ = now;
    worker_hangs_ = true;
    pulses_.resize(facts.worker_polls.size(), {0, now});
    for (std::size_t worker = 0; worker < pulses_.size(); ++worker) {
        Pulse& pulse = pulses_[worker];
        if (pulse.polls != facts.worker_polls[worker]) pulse = {facts.worker_polls[worker], now};
        if (now - pulse.seen <= facts.longest_silence) continue;
        hung_ = now;
        settled_ = false;
        first_ = now;
        return "worker " + std::to_string(worker) + " does not poll";
    }
    if (hung_ != Clock::time_point{} && now - hung_ < recovery)
        return "a worker has only just begun to poll again";
    worker_hangs_ = false;
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

} // namespace lbd::control
