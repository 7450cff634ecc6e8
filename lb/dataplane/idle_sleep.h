// SPDX-License-Identifier: BSD-3-Clause
// Computes how long a thread that found no work sleeps before it looks again. One thread uses it.
#pragma once

#include <algorithm>

namespace lbd::dataplane {

class IdleSleep {
  public:
    static constexpr unsigned shortest_us = 50;
    static constexpr unsigned longest_us = 1000;
    static constexpr unsigned part = 16; // of the time since the last work

    void reset() { slept_us_ = 0; }

    // The next sleep in microseconds: a sixteenth of those since the last reset(), within the
    // bounds.
    unsigned next_us() {
        const unsigned sleep = std::clamp(slept_us_ / part, shortest_us, longest_us);
        slept_us_ = std::min(slept_us_ + sleep, longest_us * part);
        return sleep;
    }

  private:
    unsigned slept_us_ = 0;
};

} // namespace lbd::dataplane
