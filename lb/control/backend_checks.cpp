// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/backend_checks.h"

#include "lb/control/health_target.h"

namespace lbd::control {

void BackendChecks::adopt(const Roster& roster, const std::vector<config::Network>& networks) {
    backends_.clear();
    targets_.assign(roster.backends().size(), {});
    for (std::size_t slot = 0; slot < targets_.size(); ++slot) {
        const BackendRecord& record = roster.backends()[slot];
        if (!record.in_slot || !record.configured) continue;
        targets_[slot] = health_targets(record, roster.services()[record.service].config,
                                        networks[record.interface]);
        for (const health::Target& target : targets_[slot])
            backends_[target].push_back(static_cast<dataplane::BackendSlot>(slot));
    }
}

std::set<health::Target> BackendChecks::targets() const {
    std::set<health::Target> targets;
    for (const auto& [target, slots] : backends_) targets.insert(targets.end(), target);
    return targets;
}

const BackendChecks::Slots& BackendChecks::backends_of(const health::Target& target) const {
    static const Slots none;
    const auto found = backends_.find(target);
    return found == backends_.end() ? none : found->second;
}

const std::vector<health::Target>& BackendChecks::of(dataplane::BackendSlot slot) const {
    static const std::vector<health::Target> none;
    return slot < targets_.size() ? targets_[slot] : none;
}

Health BackendChecks::judge(dataplane::BackendSlot slot, Health before,
                            const VerdictOf& verdict_of) const {
    Health together = Health::up;
    for (const health::Target& target : of(slot)) {
        const health::Verdict verdict = verdict_of(target);
        if (verdict == health::Verdict::down) return Health::down;
        if (verdict == health::Verdict::unknown) together = before;
    }
    return together;
}

} // namespace lbd::control
