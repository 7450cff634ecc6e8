// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/flow_table.h"

#include <rte_prefetch.h>

#include <cassert>
#include <limits>

namespace lbd::dataplane {

namespace {

constexpr std::uint16_t saturated = std::numeric_limits<std::uint16_t>::max();

} // namespace

FlowTable::FlowTable(std::span<Line> lines, HashSecret secret) : lines_(lines), secret_(secret) {
    assert(lines.size() > window);
}

void FlowTable::prefetch(std::uint64_t hash) const {
    rte_prefetch0(&lines_[home(hash)]);
}

Flow* FlowTable::find(const FlowKey& key, std::uint64_t hash) {
    Line* line = &lines_[home(hash)];
    for (std::size_t step = 0; step < window; ++step, ++line) {
        for (Flow& flow : line->flows)
            if (flow.key == key && flow.state != FlowState::free) return &flow;
        if (line->flows[0].passed == 0) return nullptr;
    }
    return nullptr;
}

// Free, else expired, else half-open: an attacker's SYNs give way to each other before an
// established flow is ever touched.
Flow* FlowTable::choose_place(std::size_t first, Tick now) {
    Flow* expired = nullptr;
    Flow* half_open = nullptr;
    for (std::size_t step = 0; step < window; ++step) {
        for (Flow& flow : lines_[first + step].flows) {
            if (flow.state == FlowState::free) return &flow;
            if (expired == nullptr && reached(flow.expires, now)) expired = &flow;
            if (flow.state != FlowState::syn_recv) continue;
            if (half_open == nullptr || !reached(flow.expires, half_open->expires))
                half_open = &flow;
        }
    }
    return expired != nullptr ? expired : half_open;
}

FlowTable::Place FlowTable::insert(const FlowKey& key, std::uint64_t hash, Tick now) {
    const std::size_t first = home(hash);
    Flow* place = choose_place(first, now);
    if (place == nullptr) return {nullptr, {}};
    const Flow evicted = *place;
    if (evicted.state != FlowState::free) erase(*place);
    for (std::size_t step = first; step < first + window; ++step) {
        if (place >= lines_[step].flows && place < lines_[step].flows + flows_per_line) break;
        std::uint16_t& passed = lines_[step].flows[0].passed;
        if (passed != saturated) ++passed;
    }
    place->key = key;
    place->state = FlowState::syn_recv;
    ++size_;
    return {place, evicted};
}

void FlowTable::erase(Flow& flow) {
    assert(flow.state != FlowState::free);
    std::size_t step = home(hash(flow.key));
    // A saturated count has lost its truth and stays, at the price of longer searches there.
    for (; &flow < lines_[step].flows || &flow >= lines_[step].flows + flows_per_line; ++step)
        if (lines_[step].flows[0].passed != saturated) --lines_[step].flows[0].passed;
    flow.state = FlowState::free;
    --size_;
}

} // namespace lbd::dataplane
