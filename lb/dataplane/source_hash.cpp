// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/source_hash.h"

#include <algorithm>

namespace lbd::dataplane {

namespace {

constexpr std::size_t least_size = 256; // IPVS: IP_VS_SH_TAB_SIZE

std::vector<SourceHashMember> in_order(std::span<const SourceHashMember> members) {
    std::vector<SourceHashMember> sorted(members.begin(), members.end());
    std::sort(sorted.begin(), sorted.end(),
              [](const auto& a, const auto& b) { return a.member.identity < b.member.identity; });
    return sorted;
}

// The members' places in the order of the ring, as indices into `members`.
std::vector<BackendSlot> dealt(const std::vector<SourceHashMember>& members, bool available_only) {
    std::vector<Weighted> weighted;
    for (std::size_t index = 0; index < members.size(); ++index)
        if (members[index].available || !available_only)
            weighted.push_back(
                {static_cast<BackendSlot>(index), members[index].member.weighted.weight});
    return smooth_ring(weighted);
}

} // namespace

std::vector<BackendSlot> source_hash_table(std::span<const SourceHashMember> members) {
    const std::vector<SourceHashMember> sorted = in_order(members);
    const std::vector<BackendSlot> all = dealt(sorted, false);
    const std::vector<BackendSlot> available = dealt(sorted, true);
    if (available.empty()) return {};
    const std::size_t rounds = (least_size + all.size() - 1) / all.size();
    std::vector<BackendSlot> table;
    table.reserve(rounds * all.size());
    for (std::size_t place = 0; place < rounds * all.size(); ++place) {
        BackendSlot index = all[place % all.size()];
        if (!sorted[index].available) {
            const std::uint64_t other =
                multiply_fold(place ^ 0xa0761d6478bd642fu, 0xe7037ed1a0b428dbu);
            index = available[reduce(other, static_cast<std::uint32_t>(available.size()))];
        }
        table.push_back(sorted[index].member.weighted.slot);
    }
    return table;
}

} // namespace lbd::dataplane
