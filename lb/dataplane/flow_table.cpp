// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/flow_table.h"

#include <cassert>
#include <iterator>
#include <limits>

namespace lbd::dataplane {

namespace {

constexpr std::size_t searched_for_victims = 8; // lines
constexpr std::uint16_t saturated = std::numeric_limits<std::uint16_t>::max();

template <class Line, class Entry>
bool lies_in(const Line& line, const Entry* flow) {
    return flow >= std::begin(line.flows) && flow < std::end(line.flows);
}

} // namespace

template <class Key>
FlowTable<Key>::FlowTable(std::span<Line> lines, HashSecret secret)
    : lines_(lines), homes_(static_cast<std::uint32_t>(lines.size() - window)), secret_(secret) {
    assert(lines.size() > window);
}

template <class Key>
Flow<Key>* FlowTable<Key>::find_further(const Key& key, Line* line) {
    for (std::size_t step = 1; step < window; ++step) {
        ++line;
        Entry* flow = find_in(*line, key);
        if (flow != nullptr) return flow;
        if (line->flows[0].passed == 0) return nullptr;
    }
    return nullptr;
}

// Free, else ended, else half-open: an attacker's SYNs give way to each other before an
// established flow is ever touched. They fill the table, so whoever gives way is looked for in a
// few lines only.
template <class Key>
Flow<Key>* FlowTable<Key>::choose_place(std::size_t first, Tick now) const {
    Entry* ended = nullptr;
    Entry* half_open = nullptr;
    for (std::size_t step = 0; step < window; ++step) {
        if (step == searched_for_victims && (ended != nullptr || half_open != nullptr)) break;
        for (Entry& flow : lines_[first + step].flows) {
            if (flow.state == FlowState::free) return &flow;
            if (ended == nullptr && flow.ended(now)) ended = &flow;
            if (flow.state != FlowState::syn_recv) continue;
            if (half_open == nullptr || !reached(half_open->expires, flow.expires))
                half_open = &flow;
        }
    }
    return ended != nullptr ? ended : half_open;
}

template <class Key>
typename FlowTable<Key>::Place FlowTable<Key>::insert(const Key& key, std::uint64_t hash,
                                                      Tick now) {
    const std::size_t first = home(hash);
    Entry* place = choose_place(first, now);
    if (place == nullptr) return {nullptr, {}};
    const Entry evicted = *place;
    if (evicted.state != FlowState::free) erase(*place);
    for (std::size_t step = first; !lies_in(lines_[step], place); ++step) {
        std::uint16_t& passed = lines_[step].flows[0].passed;
        if (passed != saturated) ++passed;
    }
    place->key = key;
    place->state = FlowState::syn_recv;
    place->told = 0;
    ++size_;
    return {place, evicted};
}

template <class Key>
void FlowTable<Key>::erase(Entry& flow) {
    assert(flow.state != FlowState::free);
    // A saturated count has lost its truth and stays, at the price of longer searches there.
    for (std::size_t step = home(hash(flow.key)); !lies_in(lines_[step], &flow); ++step)
        if (lines_[step].flows[0].passed != saturated) --lines_[step].flows[0].passed;
    flow.state = FlowState::free;
    flow.key.protocol = 0;
    --size_;
}

template class FlowTable<KeyV4>;
template class FlowTable<KeyV6>;

} // namespace lbd::dataplane
