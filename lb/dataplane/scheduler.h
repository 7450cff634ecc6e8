// SPDX-License-Identifier: BSD-3-Clause
// One worker's choice of a backend for a new connection. IPv4 and IPv6 share it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "lb/dataplane/counters.h"
#include "lb/dataplane/flow_table.h"
#include "lb/dataplane/forwarding_table.h"
#include "lb/dataplane/schedule_ring.h"

namespace lbd::dataplane {

// The connections of each backend, over all workers: this worker's own at once, the others' as
// they were when last looked at, a few backends a round.
class LoadView {
  public:
    LoadView(const WorkerCounters& own, std::vector<const WorkerCounters*> others);

    // Looks at a few of the watched backends again.
    void refresh(const ForwardingTable& table);

    std::uint64_t active(BackendSlot slot) const {
        return own_.backends[slot].active.get() + others_load_[slot].active;
    }
    std::uint64_t inactive(BackendSlot slot) const {
        return own_.backends[slot].inactive.get() + others_load_[slot].inactive;
    }

  private:
    struct Load {
        std::uint32_t active = 0;
        std::uint32_t inactive = 0;
    };

    const WorkerCounters& own_;
    std::vector<const WorkerCounters*> others_;
    std::vector<Load> others_load_{max_backends};
    std::size_t next_ = 0;
};

// A flow that goes before its successor is placed, and its binding.
struct Leaving {
    BackendSlot backend = no_backend;
    bool active = false;
    std::uint32_t binding = no_binding; // that it holds of this worker's
};

class Scheduler {
  public:
    // `others` are the counters of the other workers, which outlive the scheduler.
    Scheduler(unsigned worker, const WorkerCounters& own,
              std::vector<const WorkerCounters*> others);

    // The backend for a new connection whose consistent hash is `hash`, or no_backend.
    BackendSlot choose(const ForwardingTable& table, const ServiceEntry& service,
                       std::uint64_t hash, Tick now);
    // The one that choose() would name now, if `leaving` were gone. Changes nothing.
    BackendSlot peek(const ForwardingTable& table, const ServiceEntry& service, std::uint64_t hash,
                     Tick now, const Leaving& leaving = {}) const;
    // The backend that the consistent hash names, whatever its load, or no_backend.
    static BackendSlot by_hash(const ServiceEntry& service, std::uint64_t hash);

    void refresh(const ForwardingTable& table) { load_.refresh(table); }

    const LoadView& load() const { return load_; }

  private:
    class Deciding;
    class Peeking;

    // What the disciplines choose; `loads` says, and may remember, how loaded a backend is.
    template <class Loads>
    static BackendSlot select(const ForwardingTable& table, const ServiceEntry& service,
                              std::uint64_t hash, RingCursor& cursor, Loads& loads);
    template <class Loads>
    static BackendSlot least(const ForwardingTable& table, const ServiceEntry& service,
                             RingCursor& cursor, Loads& loads);
    template <class Loads>
    static BackendSlot next_in_ring(const ForwardingTable& table, const ServiceEntry& service,
                                    RingCursor& cursor, Loads& loads);
    bool is_exhausted(const ForwardingTable& table, const ServiceEntry& service, Tick now) const {
        return service.members.empty() || exhausted_[table.slot_of(service)] == now;
    }
    bool overloaded(const BackendEntry& backend, BackendSlot slot, std::uint64_t connections) const;

    LoadView load_;
    std::vector<RingCursor> cursors_;
    std::vector<bool> overloaded_;
    std::vector<std::optional<Tick>> exhausted_; // by service: when it last had nobody
};

} // namespace lbd::dataplane
