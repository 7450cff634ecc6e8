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

class Scheduler {
  public:
    // `others` are the counters of the other workers, which outlive the scheduler.
    Scheduler(unsigned worker, const WorkerCounters& own,
              std::vector<const WorkerCounters*> others);

    // The backend for a new connection whose consistent hash is `hash`, or no_backend.
    BackendSlot choose(const ForwardingTable& table, const ServiceEntry& service,
                       std::uint64_t hash, Tick now);
    // The backend that the consistent hash names, whatever its load, or no_backend.
    static BackendSlot by_hash(const ServiceEntry& service, std::uint64_t hash);

    void refresh(const ForwardingTable& table) { load_.refresh(table); }

  private:
    BackendSlot least(const ForwardingTable& table, const ServiceEntry& service);
    BackendSlot next_in_ring(const ForwardingTable& table, const ServiceEntry& service);
    bool overloaded(const BackendEntry& backend, BackendSlot slot);

    LoadView load_;
    std::vector<RingCursor> cursors_;
    std::vector<bool> overloaded_;
    std::vector<std::optional<Tick>> exhausted_; // by service: when it last had nobody
};

} // namespace lbd::dataplane
