// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/table_plan.h"

#include <utility>

#include "lb/dataplane/maglev.h"

namespace lbd::control {

namespace {

std::vector<dataplane::BackendSlot> hash_table(const TablePlan::Hash& hash) {
    if (hash.by_source) return dataplane::source_hash_table(hash.members);
    std::vector<dataplane::MaglevMember> available;
    for (const dataplane::SourceHashMember& member : hash.members)
        if (member.available) available.push_back(member.member);
    return dataplane::maglev_table(available);
}

} // namespace

std::unique_ptr<const dataplane::ForwardingTable> compute(TablePlan plan) {
    for (std::size_t slot = 0; slot < plan.services.size(); ++slot)
        plan.services[slot].hash_table = hash_table(plan.hashes[slot]);
    return std::make_unique<dataplane::ForwardingTable>(
        std::move(plan.services), std::move(plan.backends), plan.live, plan.generation);
}

} // namespace lbd::control
