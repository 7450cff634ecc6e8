// SPDX-License-Identifier: BSD-3-Clause
// The table of the source hash scheduler. Source: IPVS, ip_vs_sh.c, with sh-fallback.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lb/dataplane/maglev.h"

namespace lbd::dataplane {

struct SourceHashMember {
    MaglevMember member;
    bool available; // takes new connections now
};

// Places are dealt to all members by weight, and only those of unavailable ones go to others: a
// client whose backend lives never moves because another died. The content depends on identities
// and weights alone, as Maglev's does. Empty if nobody is available.
std::vector<BackendSlot> source_hash_table(std::span<const SourceHashMember> members);

} // namespace lbd::dataplane
