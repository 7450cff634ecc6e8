// SPDX-License-Identifier: BSD-3-Clause
// Why a dispatcher has decided as it has about a packet, found by looking at its tables before and
// after: what decides costs nothing more for it.
#pragma once

#include "lb/dataplane/dispatcher.h"
#include "lb/dataplane/trace_record.h"

namespace lbd::dataplane {

// What a dispatcher knows of a packet's flow and client, at a moment.
struct FlowSight {
    bool lives = false; // the flow, of which what follows is
    bool from_peer = false;
    FlowState state = FlowState::free;
    BackendSlot backend = no_backend;
    FlowFate fate = FlowFate::forward;      // of that backend
    BackendSlot bound_backend = no_backend; // to which the client is bound, by this worker
};

template <class Key>
FlowSight sight_of(Dispatcher<Key>& dispatcher, const ForwardingTable& table, const Key& key,
                   Tick now);

// A packet that was forwarded, or would have been had it been fit for it.
struct Witnessed {
    const ForwardingTable& table;
    const Parsed& packet;
    FlowSight before;
    FlowSight after;
    bool stateless;                // counted as such
    BackendSlot told = no_backend; // by another worker, which keeps the client's persistence
};

struct Reason {
    Why why;
    BackendSlot backend;
};

template <class Key>
Reason reason_of(const Witnessed& seen);

// Of a worker that is asked about a client's persistence.
Reason reason_of_binding(const FlowSight& before, const FlowSight& after);

} // namespace lbd::dataplane
