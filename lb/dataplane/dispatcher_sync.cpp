// SPDX-License-Identifier: BSD-3-Clause
// What a dispatcher takes over from other directors, and repeats to them.
#include <netinet/in.h>

#include <algorithm>

#include "lb/dataplane/client_key.h"
#include "lb/dataplane/dispatcher.h"

namespace lbd::dataplane {

template <class Key>
bool Dispatcher<Key>::import(const ForwardingTable& table, const FlowEvent& event, Tick now) {
    if (!table.knows(event.backend) || table.backend(event.backend).generation != event.generation)
        return false;
    if (event.state == FlowState::persistence)
        return persistence_.import(event.key<Key>(), event, now);
    return import_flow(table, event, now);
}

template <class Key>
bool Dispatcher<Key>::import_flow(const ForwardingTable& table, const FlowEvent& event, Tick now) {
    const Key key = event.key<Key>();
    const std::uint64_t hash = flows_.hash(key);
    Flow<Key>* flow = flows_.find(key, hash);
    if (flow != nullptr && !reached(flow->expires, now)) {
        if (event.repeated && reached(now + event.remaining, flow->expires)) return true;
        if (flow->backend == event.backend) {
            touch_as_told(*flow, event, now);
            return true;
        }
    }
    if (flow != nullptr) forget(*flow);
    const auto place = flows_.insert(key, hash, now);
    if (place.flow == nullptr) return false;
    if (place.evicted.state != FlowState::free) let_go(place.evicted);
    enter(*place.flow, event, hold_binding(table, key, event.backend, now), now);
    return true;
}

template <class Key>
void Dispatcher<Key>::touch_as_told(Flow<Key>& flow, const FlowEvent& event, Tick now) {
    count_state(flow.backend, flow.state, event.state);
    flow.state = event.state;
    flow.expires = now + event.remaining;
    Journal::mark_told(flow, now);
}

template <class Key>
void Dispatcher<Key>::enter(Flow<Key>& flow, const FlowEvent& event, std::uint32_t binding,
                            Tick now) {
    flow.state = event.state;
    flow.owner = of_peer;
    flow.backend = event.backend;
    flow.link = binding;
    flow.expires = now + event.remaining;
    Journal::mark_told(flow, now);
    BackendCounters& counters = counters_.backends[flow.backend];
    (is_active(flow.state) ? counters.active : counters.inactive).add(1);
    (ipv6 ? counters_.flows6 : counters_.flows).add(1);
}

// Only if this worker is its owner: the flows of the others' do not prolong it.
template <class Key>
std::uint32_t Dispatcher<Key>::hold_binding(const ForwardingTable& table, const Key& key,
                                            BackendSlot backend, Tick now) {
    const ServiceEntry* service = table.find(key);
    if (service == nullptr || service->persistence == 0) return no_binding;
    if (shared_.owner_of_client(*service, key) != shared_.worker) return no_binding;
    return persistence_.hold(binding_key(*service, key), backend, now);
}

template <class Key>
bool Dispatcher<Key>::repeat(const ForwardingTable& table, bool bindings, std::size_t& line,
                             std::size_t count, Tick now) {
    const auto lines = (bindings ? persistence_.bindings() : flows_).lines();
    const std::size_t last = std::min(line + count, lines.size());
    for (; line < last; ++line)
        for (Flow<Key>& flow : lines[line].flows)
            if (flow.state != FlowState::free && !flow.ended(now))
                shared_.journal.repeat(flow, table.backend(flow.backend), now);
    return line == lines.size();
}

template bool Dispatcher<KeyV4>::import(const ForwardingTable&, const FlowEvent&, Tick);
template bool Dispatcher<KeyV4>::import_flow(const ForwardingTable&, const FlowEvent&, Tick);
template void Dispatcher<KeyV4>::touch_as_told(Flow<KeyV4>&, const FlowEvent&, Tick);
template void Dispatcher<KeyV4>::enter(Flow<KeyV4>&, const FlowEvent&, std::uint32_t, Tick);
template std::uint32_t Dispatcher<KeyV4>::hold_binding(const ForwardingTable&, const KeyV4&,
                                                       BackendSlot, Tick);
template bool Dispatcher<KeyV4>::repeat(const ForwardingTable&, bool, std::size_t&, std::size_t,
                                        Tick);
template bool Dispatcher<KeyV6>::import(const ForwardingTable&, const FlowEvent&, Tick);
template bool Dispatcher<KeyV6>::import_flow(const ForwardingTable&, const FlowEvent&, Tick);
template void Dispatcher<KeyV6>::touch_as_told(Flow<KeyV6>&, const FlowEvent&, Tick);
template void Dispatcher<KeyV6>::enter(Flow<KeyV6>&, const FlowEvent&, std::uint32_t, Tick);
template std::uint32_t Dispatcher<KeyV6>::hold_binding(const ForwardingTable&, const KeyV6&,
                                                       BackendSlot, Tick);
template bool Dispatcher<KeyV6>::repeat(const ForwardingTable&, bool, std::size_t&, std::size_t,
                                        Tick);

} // namespace lbd::dataplane
