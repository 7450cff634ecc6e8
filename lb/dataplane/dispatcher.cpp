// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/dispatcher.h"

#include <netinet/in.h>

#include "lb/dataplane/client_key.h"
#include "lb/dataplane/course.h"

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
    const Key& key = packet.key<Key>();
    Flow<Key>* flow = flows_.find(key, hash);
    const Course course = course_of(table, packet, flow, now);
    if (course.ends_flow) forget(*flow);
    switch (course.kind) {
        case Course::Kind::follow:
            return counted(follow(table, *flow, packet, now), bytes);
        case Course::Kind::open:
            return counted(open({table, *course.service, packet, hash, now}), bytes);
        case Course::Kind::hash:
            return counted(by_consistent_hash(table, *course.service, key), bytes);
        case Course::Kind::drop:
            return {Verdict::Kind::drop, course.reason};
        case Course::Kind::reject:
            return {Verdict::Kind::reject, course.reason};
        case Course::Kind::punt:
            break;
    }
    return {Verdict::Kind::punt};
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
                                Tick now) {
    touch(flow, next_state(flow.state, packet.tcp_flags), table.backend(flow.backend), now);
    return {Verdict::Kind::forward, DropReason::none, flow.backend};
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
Verdict Dispatcher<Key>::open(const Opening& opening) {
    const ServiceEntry& service = opening.service;
    const Key& key = opening.key();
    if (service.limit != 0 &&
        !shared_.limiter.admit(shared_.hash_for_limit(service, key), service.limit, opening.now))
        return {Verdict::Kind::drop, DropReason::client_limit};
    if (service.persistence == 0) {
        const BackendSlot chosen = shared_.scheduler.choose(
            opening.table, service, scheduling_hash(service, key), opening.now);
        return open_to(opening, {chosen}, shared_.worker);
    }
    const std::uint16_t owner = shared_.owner_of_client(service, key);
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
    const Key& key = opening.key();
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
    return verdict_without_backend(service);
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
