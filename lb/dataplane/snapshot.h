// SPDX-License-Identifier: BSD-3-Clause
// A copy of a worker's flows for whoever wants to list them, made by the worker itself, a few cache
// lines a round: nobody else reads its tables.
#pragma once

#include <atomic>
#include <cstddef>
#include <vector>

#include "lb/dataplane/flow_table.h"

namespace lbd::dataplane {

struct Snapshot {
    explicit Snapshot(std::size_t limit) { flows.reserve(limit); }

    // The worker's until `done`; the asker's afterwards.
    std::vector<Flow> flows; // never beyond its capacity: the worker does not allocate
    bool truncated = false;
    Tick now = 0; // when `flows` was complete
    std::size_t next_line = 0;
    bool persistence_next = false; // flows first, then clients' affinities
    std::atomic<bool> done{false};
};

} // namespace lbd::dataplane
