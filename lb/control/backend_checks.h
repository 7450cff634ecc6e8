// SPDX-License-Identifier: BSD-3-Clause
// Which health checks tell of which backends. Control thread only; no socket.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <vector>

#include "config/config.h"
#include "health/pool.h"
#include "lb/control/roster.h"

namespace lbd::control {

class BackendChecks {
  public:
    using Slots = std::vector<dataplane::BackendSlot>;

    // From now on the configured backends are checked as the configuration says. One that was
    // removed is not, and keeps its last verdict for the flows that it still has.
    void adopt(const Roster& roster, const std::vector<config::Network>& networks);

    std::set<health::Target> targets() const;
    const Slots& backends_of(const health::Target& target) const;
    const std::vector<health::Target>& of(dataplane::BackendSlot slot) const;

    // What its checks together say: down if one does, up if all do. Until a new one has judged, the
    // backend is what it was `before`.
    using VerdictOf = std::function<health::Verdict(const health::Target&)>;
    Health judge(dataplane::BackendSlot slot, Health before, const VerdictOf& verdict_of) const;

  private:
    std::map<health::Target, Slots> backends_;
    std::vector<std::vector<health::Target>> targets_; // by slot
};

} // namespace lbd::control
