// SPDX-License-Identifier: BSD-3-Clause
// A copy of a worker's flows for whoever wants to list them, made by the worker itself, a few cache
// lines a round: nobody else reads its tables.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "lb/dataplane/errand.h"
#include "lb/dataplane/flow_table.h"

namespace lbd::dataplane {

struct Snapshot : Errand {
    enum class Part { flows4, bindings4, flows6, bindings6, end };

    explicit Snapshot(std::size_t limit) : Errand(Kind::snapshot), limit_(limit) {
        flows4.reserve(limit);
        flows6.reserve(limit);
    }

    // Copies what lives in the next `count` lines. True at the end of the table.
    template <class Key>
    bool take(const FlowTable<Key>& table, std::size_t count, Tick at) {
        const auto lines = table.lines();
        const std::size_t last = std::min(next_line_ + count, lines.size());
        for (; next_line_ < last; ++next_line_)
            for (const Flow<Key>& flow : lines[next_line_].flows)
                if (flow.state != FlowState::free && !flow.ended(at)) keep(flow);
        return next_line_ == lines.size();
    }
    void next_part() {
        part = static_cast<Part>(static_cast<int>(part) + 1);
        next_line_ = 0;
    }

    // The worker's until `done`; the asker's afterwards.
    std::vector<Flow<KeyV4>> flows4; // never beyond its capacity: the worker does not allocate
    std::vector<Flow<KeyV6>> flows6;
    bool truncated = false;
    Tick now = 0; // when the copy was complete
    Part part = Part::flows4;

  private:
    void keep(const Flow<KeyV4>& flow) { keep_in(flows4, flow); }
    void keep(const Flow<KeyV6>& flow) { keep_in(flows6, flow); }
    template <class Flows, class Entry>
    void keep_in(Flows& flows, const Entry& flow) {
        if (flows4.size() + flows6.size() == limit_)
            truncated = true;
        else
            flows.push_back(flow);
    }

    std::size_t limit_;
    std::size_t next_line_ = 0;
};

} // namespace lbd::dataplane
