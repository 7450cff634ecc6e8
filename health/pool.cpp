// SPDX-License-Identifier: BSD-3-Clause
#include "health/pool.h"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <utility>

namespace lbd::health {

namespace {

// First attempts are spread over this much, or the interval if that is shorter: readiness for
// mastership waits for them.
constexpr Milliseconds longest_first_delay{500};

} // namespace

class Pool::Checker {
  public:
    Checker(boost::asio::io_context& io, Transfers& transfers, const Target& target,
            const Changed& changed)
        : changed_(changed),
          judgement_(target.rules),
          attempt_(make_attempt(io, transfers, target.probe)),
          timer_(io) {
        status_.target = target;
        status_.verdict = judgement_.verdict();
        status_.since = std::chrono::steady_clock::now();
    }

    // A former check of the same backend has judged already.
    void inherit(const CheckStatus& former) {
        Rules rules = status_.target.rules;
        if (former.verdict == Verdict::unknown) return;
        rules.initially_up = former.verdict == Verdict::up;
        judgement_ = Judgement(rules);
        if (former.verdict == Verdict::down) {
            judgement_.attempt(false); // unknown, then down: as it was
        }
        status_.verdict = former.verdict;
        status_.since = former.since;
        status_.last_result = former.last_result;
    }

    void schedule(Milliseconds delay) {
        timer_.expires_after(delay);
        status_.next = timer_.expiry();
        timer_.async_wait(
            [this, alive = std::weak_ptr<int>(life_)](const boost::system::error_code& error) {
                if (!error && !alive.expired()) check();
            });
    }

    const CheckStatus& status() const { return status_; }

  private:
    void check() {
        attempt_->start([this](const Result& result) { judge(result); });
    }

    void judge(const Result& result) {
        ++status_.attempts;
        status_.last_result = result.text;
        status_.last_duration = result.duration;
        if (result.kind == Result::Kind::local_error) {
            ++status_.local_errors;
            schedule(status_.target.rules.interval);
            return;
        }
        const bool success = result.kind == Result::Kind::success;
        if (!success) ++status_.failures;
        const Judgement::Step step = judgement_.attempt(success);
        schedule(step.next_attempt);
        if (!step.changed) return;
        status_.verdict = judgement_.verdict();
        status_.since = std::chrono::steady_clock::now();
        changed_(status_.target, status_.verdict, status_.last_result);
    }

    const Changed& changed_;
    CheckStatus status_;
    Judgement judgement_;
    std::unique_ptr<Attempt> attempt_;
    boost::asio::steady_timer timer_;
    std::shared_ptr<int> life_ = std::make_shared<int>(); // handlers may outlive the object
};

Pool::Pool(boost::asio::io_context& io, std::uint32_t seed, Changed changed)
    : io_(io), transfers_(io), random_(seed), changed_(std::move(changed)) {}

Pool::~Pool() = default;

void Pool::reconcile(const std::set<Target>& targets) {
    std::map<Target, std::unique_ptr<Checker>> former = std::exchange(checkers_, {});
    for (const Target& target : targets) {
        const auto same = former.find(target);
        if (same != former.end()) {
            checkers_.insert(former.extract(same));
            continue;
        }
        auto checker = std::make_unique<Checker>(io_, transfers_, target, changed_);
        const auto predecessor = std::find_if(former.begin(), former.end(), [&](const auto& old) {
            const Probe& probe = old.first.probe;
            return probe.kind == target.probe.kind && probe.address == target.probe.address &&
                   probe.port == target.probe.port;
        });
        if (predecessor != former.end()) checker->inherit(predecessor->second->status());
        const auto spread = std::min(longest_first_delay, target.rules.interval).count();
        checker->schedule(
            Milliseconds(std::uniform_int_distribution<Milliseconds::rep>(0, spread)(random_)));
        checkers_.emplace(target, std::move(checker));
    }
}

Verdict Pool::verdict(const Target& target) const {
    const auto found = checkers_.find(target);
    return found == checkers_.end() ? Verdict::unknown : found->second->status().verdict;
}

bool Pool::all_judged() const {
    return std::all_of(checkers_.begin(), checkers_.end(), [](const auto& checker) {
        return checker.second->status().verdict != Verdict::unknown;
    });
}

std::vector<CheckStatus> Pool::status() const {
    std::vector<CheckStatus> list;
    list.reserve(checkers_.size());
    for (const auto& [target, checker] : checkers_) list.push_back(checker->status());
    return list;
}

std::optional<std::uint64_t> Pool::least_attempts_at_down() const {
    std::optional<std::uint64_t> least;
    for (const auto& [target, checker] : checkers_) {
        const CheckStatus& status = checker->status();
        if (status.verdict == Verdict::down)
            least = std::min(least.value_or(status.attempts), status.attempts);
    }
    return least;
}

} // namespace lbd::health
