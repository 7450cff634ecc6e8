// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/suspicion.h"

#include <algorithm>
#include <utility>

namespace lbd::control {

Suspicion::Finding Suspicion::sample(const Counts& counts, unsigned below_percent) {
    history_[next_] = counts;
    next_ = (next_ + 1) % window;
    known_ = std::min(known_ + 1, window);
    if (known_ < window) return Finding::none;
    const Counts& oldest = history_[next_];
    const Counts& last = history_[(next_ + window - 2) % window];
    opened_ = last.opened - oldest.opened;
    // Those of connections that are older or newer count in favour of the backend.
    confirmed_ = counts.confirmed - oldest.confirmed;
    const bool before =
        std::exchange(suspected_, opened_ >= fewest && confirmed_ * 100 < opened_ * below_percent);
    if (!suspected_) return Finding::none;
    return before ? Finding::again : Finding::first;
}

} // namespace lbd::control
