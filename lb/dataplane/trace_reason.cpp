// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/trace_reason.h"

#include <netinet/in.h>

#include "lb/dataplane/client_key.h"

namespace lbd::dataplane {

namespace {

// Whether the flow that was there is the one that the packet went on with.
bool went_on(const Witnessed& seen) {
    if (!seen.before.lives) return false;
    const bool opening = opens(seen.packet.tcp_flags);
    switch (seen.before.fate) {
        case FlowFate::forward:
            return !opening || !is_closing(seen.before.state);
        case FlowFate::keep:
            return !opening;
        case FlowFate::reset:
        case FlowFate::reschedule:
            break;
    }
    return false;
}

Why why_known(const FlowSight& flow) {
    if (flow.fate == FlowFate::keep) return Why::kept;
    return flow.from_peer ? Why::synchronised : Why::known;
}

Why why_stateless(const Witnessed& seen, const ServiceEntry& service) {
    if (seen.packet.kind == PacketClass::icmp_error) return Why::error_unknown;
    const bool unknown = service.protocol == IPPROTO_TCP && !opens(seen.packet.tcp_flags) &&
                         service.on_unknown_tcp == UnknownTcpPolicy::hash;
    return unknown ? Why::unknown_connection : Why::table_full;
}

Why why_new(const Witnessed& seen, const ServiceEntry& service) {
    const bool moved = seen.before.lives && seen.before.fate != FlowFate::forward;
    if (service.persistence == 0) return moved ? Why::rescheduled : Why::scheduled;
    if (seen.told != no_backend)
        return seen.told == seen.after.backend ? Why::persistence_elsewhere : Why::scheduled;
    if (seen.after.bound_backend == no_backend) return Why::persistence_full;
    return reason_of_binding(seen.before, seen.after).why;
}

} // namespace

template <class Key>
FlowSight sight_of(Dispatcher<Key>& dispatcher, const ForwardingTable& table, const Key& key,
                   Tick now) {
    FlowSight sight;
    const Flow<Key>* flow = dispatcher.flows().find(key, dispatcher.hash(key));
    if (flow != nullptr && !reached(flow->expires, now)) {
        sight.lives = true;
        sight.from_peer = flow->owner == of_peer;
        sight.state = flow->state;
        sight.backend = flow->backend;
        sight.fate = table.backend(flow->backend).fate;
    }
    const ServiceEntry* service = table.find(key);
    if (service == nullptr || service->persistence == 0) return sight;
    auto& bindings = dispatcher.persistence().bindings();
    const Key client = binding_key(*service, key);
    const Flow<Key>* binding = bindings.find(client, bindings.hash(client));
    if (binding != nullptr && !binding->ended(now) &&
        table.backend(binding->backend).keeps_persistence)
        sight.bound_backend = binding->backend;
    return sight;
}

Reason reason_of_binding(const FlowSight& before, const FlowSight& after) {
    if (after.bound_backend == no_backend) return {Why::persistence_full, no_backend};
    const bool held = before.bound_backend == after.bound_backend;
    return {held ? Why::persistence : Why::bound, after.bound_backend};
}

template <class Key>
Reason reason_of(const Witnessed& seen) {
    const Key& key = seen.packet.template key<Key>();
    const ServiceEntry* service = seen.table.find(key);
    if (seen.stateless && service != nullptr)
        return {why_stateless(seen, *service),
                Scheduler::by_hash(*service, consistent_hash(*service, key))};
    if (seen.packet.kind == PacketClass::icmp_error) return {Why::error_known, seen.before.backend};
    if (service == nullptr || went_on(seen)) return {why_known(seen.before), seen.after.backend};
    return {why_new(seen, *service), seen.after.backend};
}

template FlowSight sight_of<KeyV4>(Dispatcher<KeyV4>&, const ForwardingTable&, const KeyV4&, Tick);
template FlowSight sight_of<KeyV6>(Dispatcher<KeyV6>&, const ForwardingTable&, const KeyV6&, Tick);
template Reason reason_of<KeyV4>(const Witnessed&);
template Reason reason_of<KeyV6>(const Witnessed&);

} // namespace lbd::dataplane
