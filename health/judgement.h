// SPDX-License-Identifier: BSD-3-Clause
// When a backend is called up or down, given the results of single attempts. Semantics of
// keepalived's TCP_CHECK: retries apply while the backend is up; one that is down is tried once an
// interval. No clock, no socket.
#pragma once

#include <chrono>
#include <cstdint>

namespace lbd::health {

using Milliseconds = std::chrono::milliseconds;

enum class Verdict : std::uint8_t { unknown, up, down };

struct Rules {
    Milliseconds interval{2000};
    unsigned retries = 2; // further attempts before an up backend is called down
    Milliseconds delay_before_retry{1000};
    unsigned rise = 1; // successes in a row before a down backend is called up
    bool initially_up = false;
    Milliseconds warmup{500}; // over which first attempts are spread
    auto operator<=>(const Rules&) const = default;
};

class Judgement {
  public:
    explicit Judgement(const Rules& rules)
        : rules_(rules), verdict_(rules.initially_up ? Verdict::up : Verdict::unknown) {}

    struct Step {
        Milliseconds next_attempt; // from the end of this one
        bool changed;
    };
    Step attempt(bool success);

    Verdict verdict() const { return verdict_; }
    unsigned in_a_row() const { return in_a_row_; } // results of the same kind as the last

  private:
    Rules rules_;
    Verdict verdict_;
    bool last_ = false;
    unsigned in_a_row_ = 0;
};

} // namespace lbd::health
