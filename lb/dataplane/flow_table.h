// SPDX-License-Identifier: BSD-3-Clause
// The flow table of one worker: fixed memory, open addressing in cache lines of two entries.
//
// A lookup reads the line that the hash names, and the next one only if an entry that belongs here
// had to move on, so a hit costs one cache line almost always. Expiry sweeps a few lines at a time.
// One thread, its worker, uses it. Ticks are tenths of a second and wrap after thirteen years.
#pragma once

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

struct Flow {
    FlowKey key;
    FlowState state;
    std::uint16_t backend;    // slot in the forwarding table
    std::uint16_t generation; // of that slot when the flow was scheduled
    std::uint16_t passed;     // in a line's first entry: how many entries had to pass this line
    Tick expires;
};

class FlowTable {
  public:
    static constexpr std::size_t flows_per_line = 2;
    static constexpr std::size_t window = 16; // lines that an entry may lie in

    struct alignas(64) Line {
        Flow flows[flows_per_line];
        unsigned char room[64 - flows_per_line * sizeof(Flow)];
    };
    static_assert(sizeof(Line) == 64);

    // Lines, and so bytes, that hold `flows` flows at half load, where overflow is rare.
    static constexpr std::size_t lines_for(std::size_t flows) { return flows + window; }

    // `lines` is zeroed memory that outlives the table, made for lines_for(flows).
    FlowTable(std::span<Line> lines, HashSecret secret);

    std::uint64_t hash(const FlowKey& key) const { return hash_of(key, secret_); }
    void prefetch(std::uint64_t hash) const;

    // The entry of `key`, or nullptr. It may have expired: the caller asks reached().
    Flow* find(const FlowKey& key, std::uint64_t hash);

    struct Place {
        Flow* flow;   // where to write the new flow; nullptr: no room
        Flow evicted; // what lay there, state free if nothing did
    };
    // A place for a flow that is not in the table: a free one, else an expired one, else that of
    // the half-open flow nearest its end. The entry holds key and state `syn_recv` afterwards, the
    // rest is the caller's to fill in.
    Place insert(const FlowKey& key, std::uint64_t hash, Tick now);

    void erase(Flow& flow);

    // Erases the expired flows in the next `count` lines, telling `gone` of each first.
    template <typename Gone>
    void sweep(std::size_t count, Tick now, Gone&& gone) {
        for (std::size_t i = 0; i < count; ++i) {
            Line& line = lines_[sweep_position_];
            for (Flow& flow : line.flows) {
                if (flow.state == FlowState::free || !reached(flow.expires, now)) continue;
                gone(flow);
                erase(flow);
            }
            if (++sweep_position_ == lines_.size()) sweep_position_ = 0;
        }
    }

    std::size_t size() const { return size_; }
    std::size_t capacity() const { return lines_.size() - window; }
    std::span<const Line> lines() const { return lines_; }

  private:
    std::size_t home(std::uint64_t hash) const {
        return reduce(hash, static_cast<std::uint32_t>(lines_.size() - window));
    }
    Flow* choose_place(std::size_t first, Tick now);

    std::span<Line> lines_;
    HashSecret secret_;
    std::size_t size_ = 0;
    std::size_t sweep_position_ = 0;
};

} // namespace lbd::dataplane
