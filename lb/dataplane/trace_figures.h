// SPDX-License-Identifier: BSD-3-Clause
// What a worker's counters say has become of a packet that it handled in between.
#pragma once

#include <array>
#include <cstdint>

#include "lb/dataplane/counters.h"

namespace lbd::dataplane {

class TraceFigures {
  public:
    enum Figure { forwarded, punted, handed_over, held, stateless, answered, split, first_drop };

    TraceFigures() = default;
    explicit TraceFigures(const WorkerCounters& counters)
        : values_{counters.forwarded.get(),   counters.punted.get(),
                  counters.handed_over.get(), counters.fragments_held.get(),
                  counters.stateless.get(),   counters.answered.get(),
                  counters.split.get()} {
        for (std::size_t reason = 0; reason < drop_reason_count; ++reason)
            values_[first_drop + reason] = counters.drops[reason].get();
    }

    std::uint64_t operator[](Figure figure) const { return values_[figure]; }
    // The first that counts; none if nothing was dropped.
    DropReason drop() const {
        for (std::size_t reason = 0; reason < drop_reason_count; ++reason)
            if (values_[first_drop + reason] != 0) return static_cast<DropReason>(reason);
        return DropReason::none;
    }
    TraceFigures& operator+=(const TraceFigures& other) {
        for (std::size_t i = 0; i < values_.size(); ++i) values_[i] += other.values_[i];
        return *this;
    }
    TraceFigures& operator-=(const TraceFigures& other) {
        for (std::size_t i = 0; i < values_.size(); ++i) values_[i] -= other.values_[i];
        return *this;
    }

  private:
    std::array<std::uint64_t, first_drop + drop_reason_count> values_{};
};

} // namespace lbd::dataplane
