// SPDX-License-Identifier: BSD-3-Clause
// A worker's sense of time: ticks counted off the time stamp counter, without a division.
#pragma once

#include <cstdint>

#include "lb/dataplane/flow_table.h"

namespace lbd::dataplane {

class TickClock {
  public:
    // Tick `first` begins at `cycles`.
    TickClock(std::uint64_t cycles_per_second, std::uint64_t cycles, Tick first = 1)
        : cycles_per_tick_(cycles_per_second / ticks_per_second),
          next_(cycles + cycles_per_tick_),
          now_(first) {}

    // True if a new tick has begun at `cycles`.
    bool advance(std::uint64_t cycles) {
        if (cycles < next_) return false;
        for (; cycles >= next_; next_ += cycles_per_tick_) ++now_;
        return true;
    }
    Tick now() const { return now_; }

  private:
    std::uint64_t cycles_per_tick_;
    std::uint64_t next_;
    Tick now_;
};

} // namespace lbd::dataplane
