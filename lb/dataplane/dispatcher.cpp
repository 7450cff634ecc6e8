// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/dispatcher.h"

#include <netinet/in.h>

#include "lb/dataplane/client_key.h"

namespace lbd::dataplane {

namespace {

Tick timeout_of(const ServiceEntry& service, FlowState state) {
    return service.timeouts.of[static_cast<std::size_t>(state)];
}

} // namespace

template <class Key>
Dispatcher<Key>::Dispatcher(const TableMemory<Key>& memory, HashSecret secret, const Shared& shared)
    : shared_(shared),
      counters_(shared.counters),
      flows_(memory.flows, secret),
      persistence_(memory.persistence, secret, shared.counters, shared.scheduler, shared.journal) {}

template <class Key>
void Dispatcher<Key>::prefetch_binding(const ForwardingTable& table, const Key& key) const {
    const ServiceEntry* service = table.find(key);
    if (service != nullptr && service->persistence != 0)
        persistence_.prefetch(binding_key(*service, key));
}

template <class Key>
Verdict Dispatcher<Key>::decide(const ForwardingTable& table, const Parsed& packet,
                                std::uint64_t hash, std::uint32_t bytes, Tick now) {
    Flow<Key>* flow = flows_.find(packet.key<Key>(), hash);
    if (flow != nullptr && reached(flow->expires, now)) {
        forget(*flow);
        flow = nullptr;
    }
    return counted(flow != nullptr ? follow(table, *flow, packet, hash, now)
                                   : without_flow(table, packet, hash, now),
                   bytes);
}

template <class Key>
Verdict Dispatcher<Key>::decide_as_told(const ForwardingTable& table, const Parsed& packet,
                                        std::uint64_t hash, std::uint32_t bytes, Tick now,
                                        const Told& told) {
    const Key& key = packet.key<Key>();
    const ServiceEntry* service = table.find(key);
    Flow<Key>* flow = flows_.find(key, hash);
    if (flow != nullptr && reached(flow->expires, now)) {
        forget(*flow);
        flow = nullptr;
    }
    if (service == nullptr || flow != nullptr) {
        // An earlier packet of the flow was quicker, or its service is gone.
        release(told.bound.binding, told.owner);
        if (service == nullptr) return {Verdict::Kind::punt};
        return decide(table, packet, hash, bytes, now);
    }
    const BackendSlot backend = told.bound.backend;
    const bool valid = backend != no_backend && table.knows(backend) &&
                       table.backend(backend).generation == told.generation &&
                       table.backend(backend).keeps_persistence;
    Bound bound = told.bound;
    if (!valid)
        bound.backend =
            shared_.scheduler.choose(table, *service, consistent_hash(*service, key), now);
    return counted(open_to({table, *service, packet, hash, now}, bound, told.owner), bytes);
}

template <class Key>
Verdict Dispatcher<Key>::follow(const ForwardingTable& table, Flow<Key>& flow, const Parsed& packet,
                                std::uint64_t hash, Tick now) {
    if (is_closing(flow.state) && opens(packet.tcp_flags)) {
        // The client uses its port again: IPVS conn_reuse_mode, but in this very packet.
        forget(flow);
        return without_flow(table, packet, hash, now);
    }
    const BackendEntry& backend = table.backend(flow.backend);
    if (backend.fate != FlowFate::forward) return leave(table, flow, packet, hash, now);
    touch(flow, next_state(flow.state, packet.tcp_flags), backend, now);
    return {Verdict::Kind::forward, DropReason::none, flow.backend};
}

// The flow's backend is down or was removed.
template <class Key>
Verdict Dispatcher<Key>::leave(const ForwardingTable& table, Flow<Key>& flow, const Parsed& packet,
                               std::uint64_t hash, Tick now) {
    const BackendEntry& backend = table.backend(flow.backend);
    if (backend.fate == FlowFate::keep && !opens(packet.tcp_flags)) {
        touch(flow, next_state(flow.state, packet.tcp_flags), backend, now);
        return {Verdict::Kind::forward, DropReason::none, flow.backend};
    }
    forget(flow);
    const bool tcp = packet.key<Key>().protocol == IPPROTO_TCP;
    if (backend.fate == FlowFate::reset && tcp && !opens(packet.tcp_flags))
        return {Verdict::Kind::reject, DropReason::backend_down};
    const ServiceEntry* current = table.find(packet.key<Key>());
    if (current == nullptr) return {Verdict::Kind::punt};
    return open({table, *current, packet, hash, now});
}

template <class Key>
Verdict Dispatcher<Key>::without_flow(const ForwardingTable& table, const Parsed& packet,
                                      std::uint64_t hash, Tick now) {
    const Key& key = packet.key<Key>();
    const ServiceEntry* service = table.find(key);
    if (service == nullptr) return {Verdict::Kind::punt};
    if (key.client == key.vip) return {Verdict::Kind::drop, DropReason::bad_source};
    if (key.protocol == IPPROTO_TCP && !opens(packet.tcp_flags)) {
        switch (service->on_unknown_tcp) {
            case UnknownTcpPolicy::hash:
                return by_consistent_hash(table, *service, key);
            case UnknownTcpPolicy::drop:
                return {Verdict::Kind::drop, DropReason::unknown_connection};
            case UnknownTcpPolicy::reset:
                return {Verdict::Kind::reject, DropReason::unknown_connection};
            case UnknownTcpPolicy::schedule:
                break;
        }
    }
    return open({table, *service, packet, hash, now});
}

template <class Key>
Verdict Dispatcher<Key>::follow_error(const ForwardingTable& table, const Key& key,
                                      std::uint64_t hash, std::uint32_t bytes, Tick now) {
    const ServiceEntry* service = table.find(key);
    const Flow<Key>* flow = flows_.find(key, hash);
    if (flow != nullptr && !reached(flow->expires, now)) {
        const FlowFate fate = table.backend(flow->backend).fate;
        if (fate == FlowFate::forward || fate == FlowFate::keep)
            return counted({Verdict::Kind::forward, DropReason::none, flow->backend}, bytes);
    }
    if (service == nullptr) return {Verdict::Kind::punt};
    return counted(by_consistent_hash(table, *service, key), bytes);
}

template <class Key>
bool Dispatcher<Key>::within_limit(const Opening& opening) {
    const ServiceEntry& service = opening.service;
    const Key& key = opening.packet.template key<Key>();
    const Key client{
        network_of(key.client, service.limit_prefix), key.vip, 0, service.port, key.protocol, {}};
    return shared_.limiter.admit(hash_of(client, shared_.owner_secret), service.limit, opening.now);
}

template <class Key>
Verdict Dispatcher<Key>::open(const Opening& opening) {
    const ServiceEntry& service = opening.service;
    const Key& key = opening.packet.template key<Key>();
    if (service.limit != 0 && !within_limit(opening))
        return {Verdict::Kind::drop, DropReason::client_limit};
    if (service.persistence == 0) {
        // The hash matters to sh and mh only.
        const std::uint64_t hash =
            service.discipline == Discipline::hash ? consistent_hash(service, key) : 0;
        return open_to(opening,
                       {shared_.scheduler.choose(opening.table, service, hash, opening.now)},
                       shared_.worker);
    }
    const auto owner = static_cast<std::uint16_t>(
        reduce(hash_of(binding_key(service, key), shared_.owner_secret), shared_.workers));
    if (owner != shared_.worker)
        return {Verdict::Kind::ask_owner, DropReason::none, no_backend, owner};
    return open_to(opening, bind(opening.table, service, key, opening.now), owner);
}

template <class Key>
Bound Dispatcher<Key>::bind(const ForwardingTable& table, const ServiceEntry& service,
                            const Key& key, Tick now) {
    return persistence_.bind(table, service, binding_key(service, key),
                             consistent_hash(service, key), now);
}

template <class Key>
Verdict Dispatcher<Key>::open_to(const Opening& opening, const Bound& bound, std::uint16_t owner) {
    if (bound.backend == no_backend) {
        release(bound.binding, owner);
        return nobody(opening.table, opening.service);
    }
    const Key& key = opening.packet.template key<Key>();
    const auto place = flows_.insert(key, opening.hash, opening.now);
    if (place.flow == nullptr) {
        release(bound.binding, owner);
        return by_consistent_hash(opening.table, opening.service, key);
    }
    if (place.evicted.state != FlowState::free) {
        let_go(place.evicted);
        counters_.evicted.add(reached(place.evicted.expires, opening.now) ? 0 : 1);
    }
    Flow<Key>& flow = *place.flow;
    flow.state = first_state(key.protocol == IPPROTO_TCP, opening.packet.tcp_flags);
    flow.owner = static_cast<std::uint8_t>(owner);
    flow.backend = bound.backend;
    flow.link = bound.binding;
    flow.expires = opening.now + timeout_of(opening.service, flow.state);
    BackendCounters& counters = counters_.backends[bound.backend];
    counters.connections.add(1);
    (is_active(flow.state) ? counters.active : counters.inactive).add(1);
    (ipv6 ? counters_.flows6 : counters_.flows).add(1);
    // A half-open flow is not worth telling: most that stay so are an attacker's.
    if (flow.state != FlowState::syn_recv)
        shared_.journal.note(flow, opening.table.backend(flow.backend), opening.now);
    else
        counters.opened.add(1);
    return {Verdict::Kind::forward, DropReason::none, bound.backend};
}

template <class Key>
Verdict Dispatcher<Key>::by_consistent_hash(const ForwardingTable& table,
                                            const ServiceEntry& service, const Key& key) {
    const BackendSlot backend = Scheduler::by_hash(service, consistent_hash(service, key));
    if (backend == no_backend) return nobody(table, service);
    counters_.stateless.add(1);
    return {Verdict::Kind::forward, DropReason::none, backend};
}

template <class Key>
Verdict Dispatcher<Key>::nobody(const ForwardingTable& table, const ServiceEntry& service) {
    counters_.service_drops[table.slot_of(service)].add(1);
    if (service.on_no_backend == NoBackendPolicy::reject)
        return {Verdict::Kind::reject, DropReason::rejected};
    return {Verdict::Kind::drop, DropReason::no_backend};
}

template <class Key>
Verdict Dispatcher<Key>::counted(const Verdict& verdict, std::uint32_t bytes) {
    if (verdict.kind == Verdict::Kind::forward) counters_.count(verdict.backend, bytes);
    return verdict;
}

template <class Key>
void Dispatcher<Key>::touch(Flow<Key>& flow, FlowState state, const BackendEntry& backend,
                            Tick now) {
    const Tick deadline = now + backend.timeouts.of[static_cast<std::size_t>(state)];
    if (state != flow.state) {
        if (flow.state == FlowState::syn_recv) counters_.backends[flow.backend].confirmed.add(1);
        count_state(flow.backend, flow.state, state);
        flow.state = state;
        flow.expires = deadline;
        shared_.journal.note(flow, backend, now);
    } else {
        prolong(flow, deadline);
    }
}

template <class Key>
void Dispatcher<Key>::count_state(BackendSlot backend, FlowState from, FlowState to) {
    if (is_active(from) == is_active(to)) return;
    BackendCounters& counters = counters_.backends[backend];
    (is_active(to) ? counters.active : counters.inactive).add(1);
    (is_active(to) ? counters.inactive : counters.active).subtract(1);
}

template <class Key>
void Dispatcher<Key>::forget(Flow<Key>& flow) {
    let_go(flow);
    flows_.erase(flow);
}

template <class Key>
void Dispatcher<Key>::let_go(const Flow<Key>& flow) {
    BackendCounters& counters = counters_.backends[flow.backend];
    (is_active(flow.state) ? counters.active : counters.inactive).subtract(1);
    (ipv6 ? counters_.flows6 : counters_.flows).subtract(1);
    release(flow.link, flow.owner);
}

template <class Key>
void Dispatcher<Key>::release(std::uint32_t binding, std::uint16_t owner) {
    if (binding == no_binding) return;
    if (owner == shared_.worker || owner == of_peer)
        persistence_.release(binding);
    else
        shared_.releases.push({binding, owner, ipv6});
}

template <class Key>
void Dispatcher<Key>::sweep(const ForwardingTable& table, std::size_t lines, Tick now) {
    const auto visit = [&](Flow<Key>& flow) {
        if (!shared_.journal.enabled()) return;
        const BackendEntry& backend = table.backend(flow.backend);
        shared_.journal.refresh(flow, backend,
                                backend.timeouts.of[static_cast<std::size_t>(flow.state)], now);
    };
    const auto prepare = [this](const Flow<Key>& flow) {
        if (flow.link != no_binding && (flow.owner == shared_.worker || flow.owner == of_peer))
            persistence_.prefetch(flow.link);
    };
    flows_.sweep(lines, now, visit, prepare, [this](const Flow<Key>& flow) {
        if (!shared_.releases.ready()) return false;
        let_go(flow);
        return true;
    });
    persistence_.sweep(table, lines, now);
}

template class Dispatcher<KeyV4>;
template class Dispatcher<KeyV6>;

} // namespace lbd::dataplane
