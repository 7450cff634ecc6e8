// SPDX-License-Identifier: BSD-3-Clause
// One worker's decisions about one family's packets: which backend a packet goes to. Knows no
// device, so that it is tested with plain packets and ticks.
#pragma once

#include <cstdint>
#include <span>

#include "lb/dataplane/client_key.h"
#include "lb/dataplane/client_limiter.h"
#include "lb/dataplane/counters.h"
#include "lb/dataplane/flow_table.h"
#include "lb/dataplane/forwarding_table.h"
#include "lb/dataplane/journal.h"
#include "lb/dataplane/parse.h"
#include "lb/dataplane/persistence.h"
#include "lb/dataplane/releases.h"
#include "lb/dataplane/scheduler.h"

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

// What was decided about a datagram's first fragment, for those that follow. The slot of its
// backend may be another's until they do.
struct Settled {
    Verdict verdict{};
    std::uint16_t generation = 0; // of the backend's slot

    Settled() = default;
    Settled(const Verdict& decided, const ForwardingTable& table) : verdict(decided) {
        if (decided.backend != no_backend) generation = table.backend(decided.backend).generation;
    }
    // What it comes to now.
    Verdict in_force(const ForwardingTable& table) const {
        const BackendSlot slot = verdict.backend;
        if (slot == no_backend ||
            (table.knows(slot) && table.backend(slot).generation == generation))
            return verdict;
        return {Verdict::Kind::drop, DropReason::fragment_lost};
    }
};

// Nobody can serve the client.
inline Verdict verdict_without_backend(const ServiceEntry& service) {
    if (service.on_no_backend == NoBackendPolicy::reject)
        return {Verdict::Kind::reject, DropReason::rejected};
    return {Verdict::Kind::drop, DropReason::no_backend};
}

// What the owner of a client's binding answered.
struct Told {
    Bound bound;
    std::uint16_t generation; // of the backend's slot
    std::uint16_t owner;
};

struct Explanation;

// What the dispatchers of a worker share; outlives them.
struct Shared {
    std::uint16_t worker;
    std::uint16_t workers;
    HashSecret owner_secret; // the same for all workers of the process
    WorkerCounters& counters;
    Scheduler& scheduler;
    ClientLimiter& limiter;
    Releases& releases;
    Journal& journal;

    // The worker that keeps the binding of the client of a flow.
    template <class Key>
    std::uint16_t owner_of_client(const ServiceEntry& service, const Key& key) const {
        return static_cast<std::uint16_t>(
            reduce(hash_of(binding_key(service, key), owner_secret), workers));
    }
    template <class Key>
    std::uint64_t hash_for_limit(const ServiceEntry& service, const Key& key) const {
        return hash_of(limit_key(service, key), owner_secret);
    }
};

template <class Key>
struct TableMemory {
    std::span<typename FlowTable<Key>::Line> flows;
    std::span<typename FlowTable<Key>::Line> persistence;
};

template <class Key>
class Dispatcher {
    using Line = typename FlowTable<Key>::Line;

  public:
    // `secret` is the worker's own.
    Dispatcher(const TableMemory<Key>& memory, HashSecret secret, const Shared& shared);

    std::uint64_t hash(const Key& key) const { return flows_.hash(key); }
    // Starts the load of the line that it returns.
    void* prefetch(std::uint64_t hash) const {
        Line* line = flows_.line_of(hash);
        flows_.prefetch(line);
        return line;
    }
    // When prefetch() has had its time: starts the loads of what else will be needed.
    void prefetch_further(const ForwardingTable& table, const Parsed& packet, void* line) const {
        flows_.prefetch_further(static_cast<Line*>(line));
        if (opens(packet.tcp_flags)) prefetch_binding(table, packet.key<Key>());
    }

    // The backend of a packet that goes where its flow goes and changes no more of it than its
    // end, as most do; no_backend for all others, about which decide() decides.
    // `line` is what prefetch() returned.
    BackendSlot follow_steady(const ForwardingTable& table, const Parsed& packet, void* line,
                              std::uint32_t bytes, Tick now) {
        Flow<Key>* flow = flows_.find(packet.key<Key>(), static_cast<Line*>(line));
        if (flow == nullptr || !steady(table, *flow, packet, now)) return no_backend;
        counters_.count(flow->backend, bytes);
        return flow->backend;
    }
    // Decides about a packet that parsed as a flow, and remembers the decision.
    Verdict decide(const ForwardingTable& table, const Parsed& packet, std::uint64_t hash,
                   std::uint32_t bytes, Tick now);
    // As decide, with the answer of the client's owner. An answer that a newer table has overtaken
    // is replaced by an ordinary choice.
    Verdict decide_as_told(const ForwardingTable& table, const Parsed& packet, std::uint64_t hash,
                           std::uint32_t bytes, Tick now, const Told& told);
    // The backend to which the packet's client is, or now becomes, bound, and one flow more of the
    // binding. This worker is its owner.
    Bound bind(const ForwardingTable& table, const ServiceEntry& service, const Key& key, Tick now);
    // The backend of the flow that an ICMP error is about. Changes nothing.
    Verdict follow_error(const ForwardingTable& table, const Key& key, std::uint64_t hash,
                         std::uint32_t bytes, Tick now);

    // What decide() would do with packets of `packet`'s key, and why. Changes nothing.
    Explanation explain(const ForwardingTable& table, const Parsed& packet, Tick now) const;
    // What bind() would name for the packet's client, of which this worker is the owner.
    Explanation explain_binding(const ForwardingTable& table, const Parsed& packet, Tick now) const;

    // Erases ended entries among the next `lines` of each table, and tells peers of those that live
    // on for longer than they know.
    void sweep(const ForwardingTable& table, std::size_t lines, Tick now);

    // Takes over what a peer tells. False if its backend is not here, or there is no room.
    bool import(const ForwardingTable& table, const FlowEvent& event, Tick now);
    // Tells peers, from `line` on, of what is in the next `count` lines of the flows, or of the
    // bindings. True at the end.
    bool repeat(const ForwardingTable& table, bool bindings, std::size_t& line, std::size_t count,
                Tick now);

    FlowTable<Key>& flows() { return flows_; }
    PersistenceTable<Key>& persistence() { return persistence_; }

  private:
    struct Opening {
        const ForwardingTable& table;
        const ServiceEntry& service;
        const Parsed& packet;
        std::uint64_t hash;
        Tick now;

        const Key& key() const { return packet.template key<Key>(); }
    };

    void prefetch_binding(const ForwardingTable& table, const Key& key) const;
    static bool steady(const ForwardingTable& table, Flow<Key>& flow, const Parsed& packet,
                       Tick now) {
        constexpr std::uint8_t telling = RTE_TCP_SYN_FLAG | RTE_TCP_FIN_FLAG | RTE_TCP_RST_FLAG;
        const BackendEntry& backend = table.backend(flow.backend);
        if ((packet.tcp_flags & telling) != 0 || flow.state == FlowState::syn_recv ||
            reached(flow.expires, now) || backend.fate != FlowFate::forward)
            return false;
        prolong(flow, now + backend.timeouts.of[static_cast<std::size_t>(flow.state)]);
        return true;
    }
    // Writes to the flow's cache line only what has changed by a second or more.
    static void prolong(Flow<Key>& flow, Tick deadline) {
        if (deadline - flow.expires >= ticks_per_second) flow.expires = deadline;
    }
    Verdict follow(const ForwardingTable& table, Flow<Key>& flow, const Parsed& packet, Tick now);
    Verdict open(const Opening& opening);
    Verdict open_to(const Opening& opening, const Bound& bound, std::uint16_t owner);
    Verdict by_consistent_hash(const ForwardingTable& table, const ServiceEntry& service,
                               const Key& key);
    Verdict nobody(const ForwardingTable& table, const ServiceEntry& service);
    Verdict counted(const Verdict& verdict, std::uint32_t bytes);
    void touch(Flow<Key>& flow, FlowState state, const BackendEntry& backend, Tick now);
    bool import_flow(const ForwardingTable& table, const FlowEvent& event, Tick now);
    std::uint32_t hold_binding(const ForwardingTable& table, const Key& key, BackendSlot backend,
                               Tick now);
    void touch_as_told(Flow<Key>& flow, const FlowEvent& event, Tick now);
    void enter(Flow<Key>& flow, const FlowEvent& event, std::uint32_t binding, Tick now);
    void count_state(BackendSlot backend, FlowState from, FlowState to);
    void forget(Flow<Key>& flow);
    void let_go(const Flow<Key>& flow);
    void release(std::uint32_t binding, std::uint16_t owner);
    static constexpr bool ipv6 = sizeof(Key) == sizeof(KeyV6);

    Shared shared_;
    WorkerCounters& counters_;
    FlowTable<Key> flows_;
    PersistenceTable<Key> persistence_;
};

extern template class Dispatcher<KeyV4>;
extern template class Dispatcher<KeyV6>;

} // namespace lbd::dataplane
