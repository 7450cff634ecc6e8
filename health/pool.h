// SPDX-License-Identifier: BSD-3-Clause
// All health checks of the configuration, on one event loop, without a thread each. Services that
// want the same check of the same backend share it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "health/attempt.h"
#include "health/judgement.h"
#include "health/transfers.h"
#include "health/wire.h"

namespace lbd::health {

struct Target {
    Probe probe;
    Rules rules;

    bool operator<(const Target& other) const {
        return std::tie(probe, rules) < std::tie(other.probe, other.rules);
    }
};

struct CheckStatus {
    Target target;
    Verdict verdict = Verdict::unknown;
    std::chrono::steady_clock::time_point since; // of the verdict
    std::chrono::steady_clock::time_point next;  // attempt
    std::string last_result = "not checked yet";
    std::string warning{};
    Milliseconds last_duration{0};
    std::uint64_t attempts = 0;
    std::uint64_t failures = 0;
    std::uint64_t local_errors = 0;
};

// What is counted of a check, without its text.
struct CheckFigures {
    boost::asio::ip::address address;
    std::uint16_t port;
    Probe::Kind kind;
    Verdict verdict;
    Milliseconds last_duration;
    std::uint64_t attempts;
    std::uint64_t failures;
    std::uint64_t local_errors;
};

class Pool {
  public:
    using Changed = std::function<void(const Target&, Verdict, const std::string& reason)>;

    // Of a check that does not fail, but shows what is wrong; each time that says something else.
    using Warned = std::function<void(const Target&, const std::string& warning)>;

    // `seed` decides how the first attempts are spread in time.
    Pool(boost::asio::io_context& io, std::uint32_t seed, Changed changed, Warned warned = {},
         Wires::MacOf mac_of = {});
    ~Pool();

    // From now on exactly these are checked. What was checked before keeps its state; a backend
    // whose rules alone have changed keeps its verdict.
    void reconcile(const std::set<Target>& targets);

    // The next attempt is made now, if none is under way.
    void check_now(const Target& target);

    Verdict verdict(const Target& target) const;
    bool all_judged() const;
    std::vector<CheckStatus> status() const;
    std::vector<CheckFigures> figures() const; // in the order of status()
    // Of the checks that call a target down, the fewest attempts; nothing if none does.
    std::optional<std::uint64_t> least_attempts_at_down() const;

  private:
    class Checker;

    boost::asio::io_context& io_;
    Transfers transfers_; // outlives the checkers, as do the wires
    Wires wires_;
    std::mt19937 random_;
    Changed changed_;
    Warned warned_;
    mutable std::optional<bool> all_judged_; // nothing: to be found out again
    std::map<Target, std::unique_ptr<Checker>> checkers_;
};

} // namespace lbd::health
