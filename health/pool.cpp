// SPDX-License-Identifier: BSD-3-Clause
#include "health/pool.h"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <utility>

namespace lbd::health {

class Pool::Checker {
  public:
    // `second_delay`: between the first attempt and the second, so that later ones lie apart.
    Checker(Pool& pool, const Target& target, Milliseconds second_delay)
        : pool_(pool),
          judgement_(target.rules),
          second_delay_(second_delay),
          attempt_(make_attempt({pool.io_, pool.transfers_, pool.wires_}, target.probe)),
          timer_(pool.io_) {
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
        status_.warning = former.warning;
    }

    void schedule(Milliseconds delay) {
        timer_.expires_after(delay);
        status_.next = timer_.expiry();
        timer_.async_wait(
            [this, alive = std::weak_ptr<int>(life_)](const boost::system::error_code& error) {
                if (!error && !alive.expired()) check();
            });
    }

    void check_now() {
        if (!under_way_ && timer_.cancel() != 0) check();
    }

    const CheckStatus& status() const { return status_; }

  private:
    void check() {
        under_way_ = true;
        attempt_->start([this](const Result& result) { judge(result); });
    }

    void judge(const Result& result) {
        under_way_ = false;
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
        schedule(status_.attempts == 1 ? std::min(second_delay_, step.next_attempt)
                                       : step.next_attempt);
        const bool news = std::exchange(status_.warning, result.warning) != result.warning;
        if (news && !result.warning.empty() && pool_.warned_)
            pool_.warned_(status_.target, result.warning);
        if (!step.changed) return;
        status_.verdict = judgement_.verdict();
        status_.since = std::chrono::steady_clock::now();
        pool_.all_judged_.reset();
        pool_.changed_(status_.target, status_.verdict, status_.last_result);
    }

    Pool& pool_;
    CheckStatus status_;
    Judgement judgement_;
    Milliseconds second_delay_;
    bool under_way_ = false;
    std::unique_ptr<Attempt> attempt_;
    boost::asio::steady_timer timer_;
    std::shared_ptr<int> life_ = std::make_shared<int>(); // handlers may outlive the object
};

Pool::Pool(boost::asio::io_context& io, std::uint32_t seed, Changed changed, Warned warned,
           Wires::MacOf mac_of)
    : io_(io),
      transfers_(io),
      wires_(io, std::move(mac_of)),
      random_(seed),
      changed_(std::move(changed)),
      warned_(std::move(warned)) {}

Pool::~Pool() = default;

void Pool::reconcile(const std::set<Target>& targets) {
    all_judged_.reset();
    auto former = std::exchange(checkers_, {});
    std::set<Target> added;
    for (const Target& target : targets) {
        const auto same = former.find(target);
        if (same != former.end())
            checkers_.insert(former.extract(same));
        else
            added.insert(target);
    }
    // Of what is left, each check of a place has one of the same kind and place to follow it.
    const auto place_of = [](const Probe& probe) {
        return std::tie(probe.kind, probe.address, probe.port, probe.vip);
    };
    std::map<decltype(place_of(std::declval<const Probe&>())), const CheckStatus*> predecessors;
    for (const auto& [target, checker] : former)
        predecessors.emplace(place_of(target.probe), &checker->status());
    const auto up_to = [this](Milliseconds most) {
        return Milliseconds(
            std::uniform_int_distribution<Milliseconds::rep>(0, most.count())(random_));
    };
    for (const Target& target : added) {
        const Rules& rules = target.rules;
        auto checker = std::make_unique<Checker>(*this, target, up_to(rules.interval));
        const auto predecessor = predecessors.find(place_of(target.probe));
        if (predecessor != predecessors.end()) checker->inherit(*predecessor->second);
        checker->schedule(up_to(std::min(rules.warmup, rules.interval)));
        checkers_.emplace(target, std::move(checker));
    }
}

void Pool::check_now(const Target& target) {
    const auto found = checkers_.find(target);
    if (found != checkers_.end()) found->second->check_now();
}

Verdict Pool::verdict(const Target& target) const {
    const auto found = checkers_.find(target);
    return found == checkers_.end() ? Verdict::unknown : found->second->status().verdict;
}

bool Pool::all_judged() const {
    if (!all_judged_)
        all_judged_ = std::all_of(checkers_.begin(), checkers_.end(), [](const auto& checker) {
            return checker.second->status().verdict != Verdict::unknown;
        });
    return *all_judged_;
}

std::vector<CheckFigures> Pool::figures() const {
    std::vector<CheckFigures> list;
    list.reserve(checkers_.size());
    for (const auto& [target, checker] : checkers_) {
        const CheckStatus& status = checker->status();
        list.push_back({target.probe.address, target.probe.port, target.probe.kind, status.verdict,
                        status.last_duration, status.attempts, status.failures,
                        status.local_errors});
    }
    return list;
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
