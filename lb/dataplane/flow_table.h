// SPDX-License-Identifier: BSD-3-Clause
// The flow table of one worker: fixed memory, open addressing in cache lines.
//
// A lookup reads the line that the hash names, and the next one only if an entry that belongs here
// had to move on, so a hit costs one cache line almost always. Expiry sweeps a few lines at a time.
// One thread, its worker, uses it. Ticks are tenths of a second and wrap after thirteen years.
#pragma once

#include <rte_prefetch.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "lb/dataplane/flow_key.h"
#include "lb/dataplane/tcp_state.h"

namespace lbd::dataplane {

using Tick = std::uint32_t;
constexpr Tick ticks_per_second = 10;

// Whether `deadline` has passed at `now`, also across the wrap.
constexpr bool reached(Tick deadline, Tick now) {
    return static_cast<std::int32_t>(now - deadline) >= 0;
}

constexpr std::uint32_t no_binding = 0xffffffff;
// In the place of a flow's `owner`: another director told of it. The worker that has it keeps its
// client's binding, if `link` names one.
constexpr std::uint8_t of_peer = 0xff;

// A flow, or a client's binding to a backend (state `persistence`), whose key has no client port.
template <class Key>
struct Flow {
    Key key;
    FlowState state;
    std::uint8_t
        owner; // the worker that keeps the client's binding, if `link` names one, or of_peer
    std::uint16_t backend; // slot in the forwarding table
    std::uint16_t passed;  // in a line's first entry: how many entries had to pass this line
    std::uint16_t told;    // what the peers know of `expires` (journal.h); 0: nothing
    Tick expires;
    std::uint32_t link; // flow: position of its client's binding, or no_binding;
                        // binding: how many flows it has, for as long as which it does not end

    bool ended(Tick now) const {
        return reached(expires, now) && (state != FlowState::persistence || link == 0);
    }
};
static_assert(sizeof(Flow<KeyV4>) == 32 && sizeof(Flow<KeyV6>) == 56);

template <class Key>
class FlowTable {
  public:
    using Entry = Flow<Key>;
    static constexpr std::size_t flows_per_line = 64 / sizeof(Entry);
    // Lines that an entry may lie in. At half load, one flow in a million finds no place.
    static constexpr std::size_t window = flows_per_line == 1 ? 64 : 32;

    struct alignas(64) Line {
        Entry flows[flows_per_line];
    };
    static_assert(sizeof(Line) == 64);

    // Lines that hold `flows` flows at half load, where overflow is rare: 64 bytes for an IPv4
    // flow, 128 for an IPv6 one.
    static constexpr std::size_t lines_for(std::size_t flows) {
        return flows * 2 / flows_per_line + window;
    }

    // `lines` is zeroed memory that outlives the table, made for lines_for(flows).
    FlowTable(std::span<Line> lines, HashSecret secret);

    std::uint64_t hash(const Key& key) const { return hash_of(key, secret_); }
    // The line in which a flow of that hash is, or from which on it is looked for.
    Line* line_of(std::uint64_t hash) const { return &lines_[home(hash)]; }
    static void prefetch(const Line* line) { rte_prefetch0(line); }
    // When prefetch() has had its time: the next line, too, if an entry had to move on to it.
    static void prefetch_further(const Line* line) {
        rte_prefetch0(line + (line->flows[0].passed != 0 ? 1 : 0));
    }

    // The entry of `key`, or nullptr. It may have ended: the caller asks.
    Entry* find(const Key& key, std::uint64_t hash) { return find(key, line_of(hash)); }
    const Entry* find(const Key& key, std::uint64_t hash) const { return find(key, line_of(hash)); }
    static Entry* find(const Key& key, Line* line) {
        Entry* flow = find_in(*line, key);
        if (flow != nullptr) return flow;
        return line->flows[0].passed == 0 ? nullptr : find_further(key, line);
    }

    struct Place {
        Entry* flow;   // where to write the new flow; nullptr: no room
        Entry evicted; // what lay there, state free if nothing did
    };
    // A place for a flow that is not in the table: a free one, else one that has ended, else that
    // of the half-open flow nearest its end. The entry holds key and state `syn_recv` afterwards
    // and is told to nobody, the rest is the caller's to fill in.
    Place insert(const Key& key, std::uint64_t hash, Tick now);
    // Whether insert() would find one.
    bool has_room(std::uint64_t hash, Tick now) const {
        return choose_place(home(hash), now) != nullptr;
    }

    void erase(Entry& flow);

    // Where an entry lies, for as long as it is in the table. By bytes: the difference of two
    // pointers to lines means nothing unless both are at a line's start.
    std::uint32_t position_of(const Entry& flow) const {
        const auto offset =
            static_cast<std::size_t>(reinterpret_cast<const std::byte*>(&flow) -
                                     reinterpret_cast<const std::byte*>(&lines_[0]));
        const std::size_t place = offset % sizeof(Line) / sizeof(Entry);
        return static_cast<std::uint32_t>(offset / sizeof(Line) * flows_per_line + place);
    }
    void prefetch_at(std::uint32_t position) const {
        rte_prefetch0(&lines_[position / flows_per_line]);
    }
    Entry& at(std::uint32_t position) {
        return lines_[position / flows_per_line].flows[position % flows_per_line];
    }

    // Offers the flows that have ended in the next `count` lines to `prepare`, so that it may start
    // loads, a little later to `release`, and erases those for which that says yes; those that live
    // on to `visit`.
    template <typename Visit, typename Prepare, typename Release>
    void sweep(std::size_t count, Tick now, Visit&& visit, Prepare&& prepare, Release&& release) {
        constexpr std::size_t at_once = 16;
        while (count != 0) {
            const std::size_t lines = std::min({count, at_once, lines_.size() - sweep_position_});
            const std::span<Line> part = lines_.subspan(sweep_position_, lines);
            for_each(part, now, visit, prepare);
            for_each(
                part, now, [](Entry&) {},
                [&](Entry& flow) {
                    if (release(flow)) erase(flow);
                });
            count -= lines;
            sweep_position_ += lines;
            if (sweep_position_ == lines_.size()) sweep_position_ = 0;
        }
    }

    std::size_t size() const { return size_; }
    std::size_t capacity() const { return homes_ * flows_per_line; }
    std::span<const Line> lines() const { return lines_; }
    std::span<Line> lines() { return lines_; }

  private:
    template <typename Living, typename Ended>
    static void for_each(std::span<Line> lines, Tick now, Living&& living, Ended&& ended) {
        for (Line& line : lines)
            for (Entry& flow : line.flows) {
                if (flow.state == FlowState::free) continue;
                if (flow.ended(now))
                    ended(flow);
                else
                    living(flow);
            }
    }
    // A branch for each place could only guess which it is. A free one has a key without a
    // protocol, which no flow has.
    static Entry* find_in(Line& line, const Key& key) {
        static_assert(flows_per_line <= 2);
        Entry* flow = line.flows;
        if constexpr (flows_per_line == 2) flow += line.flows[1].key == key ? 1 : 0;
        return flow->key == key ? flow : nullptr;
    }
    std::size_t home(std::uint64_t hash) const { return reduce(hash, homes_); }
    static Entry* find_further(const Key& key, Line* line);
    Entry* choose_place(std::size_t first, Tick now) const;

    std::span<Line> lines_;
    std::uint32_t homes_; // lines that a hash may name
    HashSecret secret_;
    std::size_t size_ = 0;
    std::size_t sweep_position_ = 0;
};

extern template class FlowTable<KeyV4>;
extern template class FlowTable<KeyV6>;

} // namespace lbd::dataplane
