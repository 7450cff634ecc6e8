// SPDX-License-Identifier: BSD-3-Clause
// One worker's decisions: which backend a packet goes to. Knows no device, so that it is tested
// with plain packets and ticks.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "lb/dataplane/counters.h"
#include "lb/dataplane/flow_table.h"
#include "lb/dataplane/forwarding_table.h"
#include "lb/dataplane/parse.h"
#include "lb/dataplane/schedule_ring.h"

namespace lbd::dataplane {

struct Verdict {
    enum class Kind : std::uint8_t {
        forward,  // to `backend`
        punt,     // to the host
        drop,     // for `reason`
        reject,   // answer the client, drop if that cannot be
        ask_owner // another worker keeps this client's persistence: `owner`
    };
    Kind kind;
    DropReason reason = DropReason::none;
    BackendSlot backend = no_backend;
    std::uint16_t owner = 0;
};

struct DispatcherSetup {
    std::uint16_t worker = 0;
    std::uint16_t workers = 1;
    std::span<FlowTable::Line> flow_lines;
    std::span<FlowTable::Line> persistence_lines;
    HashSecret flow_secret{};  // a worker's own
    HashSecret owner_secret{}; // the same for all workers of the process
};

class Dispatcher {
  public:
    Dispatcher(const DispatcherSetup& setup, WorkerCounters& counters);

    std::uint64_t hash(const FlowKey& key) const { return flows_.hash(key); }
    void prefetch(std::uint64_t hash) const { flows_.prefetch(hash); }

    // Decides about a packet that parsed as a flow, and remembers the decision.
    Verdict decide(const ForwardingTable& table, const Parsed& packet, std::uint64_t hash,
                   std::uint32_t bytes, Tick now);
    // As decide, with the answer of the client's owner. An answer that a newer table has overtaken
    // is replaced by an ordinary choice.
    Verdict decide_as_told(const ForwardingTable& table, const Parsed& packet, std::uint64_t hash,
                           std::uint32_t bytes, Tick now, BackendSlot told,
                           std::uint16_t generation);
    // The backend to which `key`'s client is, or now becomes, bound. This worker is its owner.
    BackendSlot persistent_backend(const ForwardingTable& table, const ServiceEntry& service,
                                   const FlowKey& key, Tick now);

    // Erases expired entries among the next `lines` of each table.
    void sweep(std::size_t lines, Tick now);

    FlowTable& flows() { return flows_; }
    FlowTable& persistence() { return persistence_; }

  private:
    struct Opening {
        const ForwardingTable& table;
        const ServiceEntry& service;
        const Parsed& packet;
        std::uint64_t hash;
        Tick now;
    };

    Verdict follow(const ForwardingTable& table, Flow& flow, const Parsed& packet,
                   std::uint64_t hash, Tick now);
    Verdict without_flow(const ForwardingTable& table, const Parsed& packet, std::uint64_t hash,
                         Tick now);
    Verdict leave_dead_backend(const ForwardingTable& table, Flow& flow, const Parsed& packet,
                               std::uint64_t hash, Tick now);
    Verdict open(const Opening& opening);
    Verdict open_to(const Opening& opening, BackendSlot backend);
    Verdict by_consistent_hash(const ForwardingTable& table, const ServiceEntry& service,
                               const FlowKey& key);
    Verdict nobody(const ForwardingTable& table, const ServiceEntry& service);
    Verdict forward(BackendSlot backend, std::uint32_t bytes, Verdict verdict);
    std::uint16_t owner_of(const FlowKey& persistence_key) const;
    void touch(Flow& flow, FlowState state, const ServiceEntry& service, Tick now);
    void forget(Flow& flow);
    void uncount(const Flow& flow);
    void uncount_persistence(const Flow& binding);

    DispatcherSetup setup_;
    WorkerCounters& counters_;
    FlowTable flows_;
    FlowTable persistence_;
    std::vector<RingCursor> cursors_;
};

} // namespace lbd::dataplane
