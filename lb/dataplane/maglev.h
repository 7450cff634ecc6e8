// SPDX-License-Identifier: BSD-3-Clause
// Maglev's consistent hash table (Eisenbud et al., NSDI 2016, section 3.4), with weights.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lb/dataplane/schedule_ring.h"

namespace lbd::dataplane {

struct MaglevMember {
    Weighted weighted;
    std::uint64_t identity; // the same on every director, e.g. from address and port
};

// A table of prime size, at least a hundred times the number of members where the largest allows
// it. Its content depends on identities and weights alone, not on slots or on order, so that two
// directors with the same backends send a flow to the same one. Empty without members.
std::vector<BackendSlot> maglev_table(std::span<const MaglevMember> members);

} // namespace lbd::dataplane
