// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/quorum.h"

namespace lbd::control {

Standing judge_standing(const config::Service& service, const Standing& before,
                        const std::vector<Candidate>& candidates) {
    std::uint64_t available = 0;
    std::uint64_t up = 0;
    std::uint64_t weight_up = 0;
    std::uint64_t weight_available = 0;
    for (const Candidate& candidate : candidates) {
        if (!candidate.available || candidate.weight == 0) continue;
        ++available;
        weight_available += candidate.weight;
        if (!candidate.up) continue;
        ++up;
        weight_up += candidate.weight;
    }
    Standing standing;
    standing.checks_ignored = up * 100 < available * service.ignore_checks_below_percent;
    const std::uint64_t weight = standing.checks_ignored ? weight_available : weight_up;
    const std::uint64_t quorum = service.quorum;
    const std::uint64_t hysteresis = service.hysteresis;
    if (!before.quorum)
        standing.quorum = weight >= quorum;
    else if (*before.quorum)
        standing.quorum = weight + hysteresis >= quorum; // lost below quorum - hysteresis
    else
        standing.quorum = weight >= quorum + hysteresis;
    return standing;
}

} // namespace lbd::control
