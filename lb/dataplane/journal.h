// SPDX-License-Identifier: BSD-3-Clause
// A worker's side of state synchronisation. What it cannot tell at once, for want of room in the
// ring, the sweep over its tables tells later: nothing waits, nothing is lost for good.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>

#include "lb/dataplane/counters.h"
#include "lb/dataplane/flow_event.h"

namespace lbd::dataplane {

// Between a worker and the thread that speaks with the peers.
struct SyncChannel {
    static constexpr unsigned ring_size = 32768;
    EventRing events{ring_size};  // from the worker
    EventRing imports{ring_size}; // to the worker
    alignas(64) std::atomic<std::uint32_t> pass_wanted{
        0};                                     // number of the last pass that was asked for
    std::atomic<std::uint64_t> pass_granted{0}; // entries that passes may have told, in all
    // The worker's.
    alignas(64) Counter overflows; // told later
    Counter repeated;              // entries told by passes
    Counter imported;
    Counter refused; // their backend is not known here, or there was no room
};

class Journal {
  public:
    explicit Journal(SyncChannel* channel = nullptr) : channel_(channel) {}

    bool enabled() const { return channel_ != nullptr; }

    // Tells of a flow or binding, as new or changed.
    template <class Key>
    void note(Flow<Key>& flow, const BackendEntry& backend, Tick now) {
        if (enabled()) tell(flow, backend, now, false);
    }

    // Tells of what lives on, if what the peers know of it will end too early. `timeout` is that
    // of its state.
    template <class Key>
    void refresh(Flow<Key>& flow, const BackendEntry& backend, Tick timeout, Tick now) {
        if (flow.state == FlowState::syn_recv) return;
        const Tick end = end_of(flow, now);
        const auto moved = static_cast<std::uint16_t>(mark_of(end) - flow.told);
        const Tick life = end == flow.expires ? timeout : beyond;
        // A quarter of the timeout, and of what a mark can tell apart.
        constexpr Tick most = 0x4000;
        if (flow.told == 0 || moved >= std::clamp<Tick>(life >> (mark_shift + 2), 1, most))
            tell(flow, backend, now, false);
    }

    // What a peer told: it is known there.
    template <class Key>
    static void mark_told(Flow<Key>& flow, Tick now) {
        flow.told = mark_of(end_of(flow, now));
    }

    // As refresh, to whoever does not know anything.
    template <class Key>
    void repeat(Flow<Key>& flow, const BackendEntry& backend, Tick now) {
        if (flow.state == FlowState::syn_recv) return;
        tell(flow, backend, now, true);
        channel_->repeated.add(1);
    }

    std::uint64_t repeated() const { return channel_->repeated.get(); }

    // Hands over what was told since the last time. At the end of each round of the worker: the
    // other thread's cache lines are fetched once a burst, not once an event.
    void flush() {
        room_ = 0;
        if (count_ == 0) return;
        // There is room: it was looked for before, and only this thread takes it.
        if (!channel_->events.push(batch_.data(), count_)) channel_->overflows.add(count_);
        count_ = 0;
    }

  private:
    static constexpr unsigned batch_size = 32;

    // Times are remembered in units of 16 ticks, which a mark counts for a day. 0: never told.
    static constexpr unsigned mark_shift = 4;
    static std::uint16_t mark_of(Tick end) {
        const auto mark = static_cast<std::uint16_t>(end >> mark_shift);
        return mark == 0 ? 1 : mark;
    }
    // A binding lives as long as its flows do, which the peer cannot count: it is told of so much
    // at least, again and again.
    static constexpr Tick beyond = 120 * ticks_per_second;
    template <class Key>
    static Tick end_of(const Flow<Key>& flow, Tick now) {
        const bool held = flow.state == FlowState::persistence && flow.link != 0;
        return held && reached(flow.expires, now + beyond) ? now + beyond : flow.expires;
    }

    template <class Key>
    void tell(Flow<Key>& flow, const BackendEntry& backend, Tick now, bool repeated) {
        if (!make_room()) {
            flow.told = 0;
            channel_->overflows.add(1);
            return;
        }
        FlowEvent& event = batch_[count_++];
        event.set_key(flow.key);
        event.state = flow.state;
        event.repeated = repeated;
        event.backend = flow.backend;
        event.generation = backend.generation;
        const Tick end = end_of(flow, now);
        event.remaining = end - now;
        flow.told = mark_of(end);
    }

    bool make_room() {
        if (count_ < room_) return true;
        flush();
        room_ = std::min(batch_size, channel_->events.room());
        return room_ != 0;
    }

    SyncChannel* channel_;
    unsigned count_ = 0;
    unsigned room_ = 0; // of the batch, all of which the ring will take
    std::array<FlowEvent, batch_size> batch_;
};

} // namespace lbd::dataplane
