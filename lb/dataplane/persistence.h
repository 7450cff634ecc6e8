// SPDX-License-Identifier: BSD-3-Clause
// Which backend each client is bound to, as one worker keeps it: the owner of the client's network.
// Source: IPVS, ip_vs_core.c ip_vs_sched_persist and ip_vs_conn.c ip_vs_conn_expire. A binding ends
// when its time since the last new connection is over and the last of its flows has gone.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "lb/dataplane/counters.h"
#include "lb/dataplane/flow_table.h"
#include "lb/dataplane/forwarding_table.h"
#include "lb/dataplane/journal.h"
#include "lb/dataplane/scheduler.h"

namespace lbd::dataplane {

// What a new connection is told.
struct Bound {
    BackendSlot backend = no_backend;
    std::uint32_t binding = no_binding; // holds the binding until it is released
};

// What is known of a client's binding.
struct BindingView {
    BackendSlot backend;
    Tick remaining;      // 0: only its flows keep it
    std::uint32_t flows; // that it has
    bool holds;          // no: it has ended, or its backend takes no bound clients any more
};

template <class Key>
class PersistenceTable {
  public:
    PersistenceTable(std::span<typename FlowTable<Key>::Line> lines, HashSecret secret,
                     WorkerCounters& counters, Scheduler& scheduler, Journal& journal)
        : bindings_(lines, secret), counters_(counters), scheduler_(scheduler), journal_(journal) {}

    // The backend for a new connection of `client`, a key without a client port, and one more flow
    // of its binding. `hash` is what the consistent hash goes by.
    Bound bind(const ForwardingTable& table, const ServiceEntry& service, const Key& client,
               std::uint64_t hash, Tick now);
    // The backend that bind() would name now, if `leaving` were gone. Changes nothing.
    BackendSlot peek(const ForwardingTable& table, const ServiceEntry& service, const Key& client,
                     std::uint64_t hash, Tick now, const Leaving& leaving = {}) const;
    std::optional<BindingView> view(const ForwardingTable& table, const Key& client, Tick now,
                                    const Leaving& leaving = {}) const;
    // One flow of the binding is gone.
    void release(std::uint32_t binding);

    // Start the loads for bind() and release().
    void prefetch(const Key& client) const {
        bindings_.prefetch(bindings_.line_of(bindings_.hash(client)));
    }
    void prefetch(std::uint32_t binding) const { bindings_.prefetch_at(binding); }

    // Erases ended bindings among the next `lines`, tells peers of others that live on.
    void sweep(const ForwardingTable& table, std::size_t lines, Tick now);

    // Takes over what a peer tells of a binding. False if there is no room.
    bool import(const Key& client, const FlowEvent& event, Tick now);
    // The binding of `client` to `backend` with one flow more, or no_binding.
    std::uint32_t hold(const Key& client, BackendSlot backend, Tick now);

    const FlowTable<Key>& bindings() const { return bindings_; }
    FlowTable<Key>& bindings() { return bindings_; }

  private:
    static bool holds(const ForwardingTable& table, const Flow<Key>* binding, Tick now) {
        return binding != nullptr && !binding->ended(now) &&
               table.backend(binding->backend).keeps_persistence;
    }
    Flow<Key>* add(const Key& client, std::uint64_t hash, Tick now);
    void assign(Flow<Key>& binding, BackendSlot backend);
    void uncount(const Flow<Key>& binding);

    FlowTable<Key> bindings_;
    WorkerCounters& counters_;
    Scheduler& scheduler_;
    Journal& journal_;
};

extern template class PersistenceTable<KeyV4>;
extern template class PersistenceTable<KeyV6>;

} // namespace lbd::dataplane
