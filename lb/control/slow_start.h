// SPDX-License-Identifier: BSD-3-Clause
// How much of its weight a backend has that has come up lately: caches are cold, pools are empty.
// Time is handed in.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

namespace lbd::control {

class SlowStart {
  public:
    using Clock = std::chrono::steady_clock;
    static constexpr unsigned steps = 10; // the whole weight

    // `warm`: whatever it did before we looked, it need not be spared.
    explicit SlowStart(bool warm = true) : warm_(warm) {}

    void down() {
        warm_ = false;
        since_.reset();
    }
    // The step, 1 to `steps`, of a backend that is up. `whole`: after so long it has all.
    unsigned up(Clock::time_point now, Clock::duration whole) {
        if (warm_) return steps;
        if (!since_) since_ = now;
        const auto passed = now - *since_;
        warm_ = passed >= whole;
        if (warm_) return steps;
        return 1 + static_cast<unsigned>((steps - 1) * std::max(passed, {}) / whole);
    }

  private:
    bool warm_;
    std::optional<Clock::time_point> since_;
};

} // namespace lbd::control
