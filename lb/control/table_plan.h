// SPDX-License-Identifier: BSD-3-Clause
// A forwarding table that is decided upon and has yet to be computed. With thousands of backends
// the consistent hash takes milliseconds, for which VRRP does not wait: any thread may do it.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "lb/dataplane/forwarding_table.h"
#include "lb/dataplane/source_hash.h"

namespace lbd::control {

struct TablePlan {
    struct Hash {
        bool by_source = false; // IPVS's sh; else Maglev's
        std::vector<dataplane::SourceHashMember> members;
    };
    std::vector<dataplane::ServiceEntry> services; // without their hash tables
    std::vector<Hash> hashes;                      // by service
    std::vector<dataplane::BackendEntry> backends;
    std::vector<dataplane::ServiceSlot> live;
    std::uint64_t generation = 0;
};

std::unique_ptr<const dataplane::ForwardingTable> compute(TablePlan plan);

} // namespace lbd::control
