// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/dispatcher.h"

#include <netinet/in.h>

namespace lbd::dataplane {

namespace {

constexpr HashSecret maglev_secret{0x2d358dccaa6c78a5u, 0x8bb84b93962eacc9u};

// IPVS takes any SYN for an opening; a SYN-ACK or SYN-RST never opens anything at a server.
bool opens(const Parsed& packet) {
    constexpr std::uint8_t telling = RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG | RTE_TCP_RST_FLAG;
    return (packet.tcp_flags & telling) == RTE_TCP_SYN_FLAG;
}

bool is_tcp(const Parsed& packet) {
    return packet.key.protocol == IPPROTO_TCP;
}

// IPVS: the key of a connection template, <proto, client network, 0, VIP, port>.
FlowKey persistence_key(const ServiceEntry& service, const FlowKey& key) {
    return {key.client & service.persistence_mask, key.vip, 0, key.vip_port, key.protocol, {}};
}

Tick timeout_of(const ServiceEntry& service, FlowState state) {
    return service.timeouts.of[static_cast<std::size_t>(state)];
}

} // namespace

Dispatcher::Dispatcher(const DispatcherSetup& setup, WorkerCounters& counters)
    : setup_(setup),
      counters_(counters),
      flows_(setup.flow_lines, setup.flow_secret),
      persistence_(setup.persistence_lines, setup.flow_secret) {
    // Workers begin at different backends, so that few connections over many workers spread too.
    cursors_.assign(max_services, RingCursor(setup.worker));
}

Verdict Dispatcher::decide(const ForwardingTable& table, const Parsed& packet, std::uint64_t hash,
                           std::uint32_t bytes, Tick now) {
    Flow* flow = flows_.find(packet.key, hash);
    if (flow != nullptr && reached(flow->expires, now)) {
        forget(*flow);
        flow = nullptr;
    }
    const Verdict verdict = flow != nullptr ? follow(table, *flow, packet, hash, now)
                                            : without_flow(table, packet, hash, now);
    return forward(verdict.backend, bytes, verdict);
}

Verdict Dispatcher::decide_as_told(const ForwardingTable& table, const Parsed& packet,
                                   std::uint64_t hash, std::uint32_t bytes, Tick now,
                                   BackendSlot told, std::uint16_t generation) {
    const ServiceEntry* service =
        table.find(packet.key.vip, packet.key.vip_port, packet.key.protocol);
    if (service == nullptr) return {Verdict::Kind::punt};
    const Flow* flow = flows_.find(packet.key, hash);
    if (flow != nullptr && !reached(flow->expires, now))
        return decide(table, packet, hash, bytes, now);
    if (flow != nullptr) forget(*flows_.find(packet.key, hash));
    const bool valid = told != no_backend && table.knows(told) &&
                       table.backend(told).generation == generation &&
                       table.backend(told).keeps_persistence;
    const BackendSlot backend = valid ? told : cursors_[table.slot_of(*service)].next(*service);
    const Verdict verdict = open_to({table, *service, packet, hash, now}, backend);
    return forward(verdict.backend, bytes, verdict);
}

Verdict Dispatcher::follow(const ForwardingTable& table, Flow& flow, const Parsed& packet,
                           std::uint64_t hash, Tick now) {
    const bool opening = is_tcp(packet) && opens(packet);
    if (opening && is_closing(flow.state)) {
        // The client uses its port again: IPVS conn_reuse_mode, but in this very packet.
        forget(flow);
        return without_flow(table, packet, hash, now);
    }
    const BackendEntry& backend = table.backend(flow.backend);
    if (!backend.forwards) return leave_dead_backend(table, flow, packet, hash, now);
    touch(flow, next_state(flow.state, packet.tcp_flags), table.service(backend.service), now);
    return {Verdict::Kind::forward, DropReason::none, flow.backend};
}

Verdict Dispatcher::leave_dead_backend(const ForwardingTable& table, Flow& flow,
                                       const Parsed& packet, std::uint64_t hash, Tick now) {
    const BackendEntry& backend = table.backend(flow.backend);
    const ServiceEntry& service = table.service(backend.service);
    const bool opening = is_tcp(packet) && opens(packet);
    if (service.on_backend_down == BackendDownPolicy::keep && !opening &&
        !rte_is_zero_ether_addr(&backend.mac)) {
        touch(flow, next_state(flow.state, packet.tcp_flags), service, now);
        return {Verdict::Kind::forward, DropReason::none, flow.backend};
    }
    forget(flow);
    const bool reset = service.on_backend_down == BackendDownPolicy::reset;
    if (reset && is_tcp(packet) && !opening)
        return {Verdict::Kind::reject, DropReason::backend_down};
    const ServiceEntry* current =
        table.find(packet.key.vip, packet.key.vip_port, packet.key.protocol);
    if (current == nullptr) return {Verdict::Kind::punt};
    return open({table, *current, packet, hash, now});
}

Verdict Dispatcher::without_flow(const ForwardingTable& table, const Parsed& packet,
                                 std::uint64_t hash, Tick now) {
    const ServiceEntry* service =
        table.find(packet.key.vip, packet.key.vip_port, packet.key.protocol);
    if (service == nullptr) return {Verdict::Kind::punt};
    if (packet.key.client == packet.key.vip) return {Verdict::Kind::drop, DropReason::bad_source};
    if (is_tcp(packet) && !opens(packet)) {
        if (service->on_unknown_tcp == UnknownTcpPolicy::hash)
            return by_consistent_hash(table, *service, packet.key);
        if (service->on_unknown_tcp == UnknownTcpPolicy::drop)
            return {Verdict::Kind::drop, DropReason::unknown_connection};
    }
    return open({table, *service, packet, hash, now});
}

Verdict Dispatcher::open(const Opening& opening) {
    const ServiceEntry& service = opening.service;
    if (service.persistence == 0)
        return open_to(opening, cursors_[opening.table.slot_of(service)].next(service));
    const std::uint16_t owner = owner_of(persistence_key(service, opening.packet.key));
    if (owner != setup_.worker)
        return {Verdict::Kind::ask_owner, DropReason::none, no_backend, owner};
    return open_to(opening,
                   persistent_backend(opening.table, service, opening.packet.key, opening.now));
}

Verdict Dispatcher::open_to(const Opening& opening, BackendSlot backend) {
    if (backend == no_backend) return nobody(opening.table, opening.service);
    const FlowTable::Place place = flows_.insert(opening.packet.key, opening.hash, opening.now);
    if (place.evicted.state != FlowState::free) uncount(place.evicted);
    if (place.flow == nullptr)
        return by_consistent_hash(opening.table, opening.service, opening.packet.key);
    Flow& flow = *place.flow;
    flow.state = first_state(is_tcp(opening.packet), opening.packet.tcp_flags);
    flow.backend = backend;
    flow.generation = opening.table.backend(backend).generation;
    flow.expires = opening.now + timeout_of(opening.service, flow.state);
    BackendCounters& counters = counters_.backends[backend];
    counters.connections.add(1);
    (is_active(flow.state) ? counters.active : counters.inactive).add(1);
    counters_.flows.add(1);
    return {Verdict::Kind::forward, DropReason::none, backend};
}

Verdict Dispatcher::by_consistent_hash(const ForwardingTable& table, const ServiceEntry& service,
                                       const FlowKey& key) {
    if (service.maglev.empty()) return nobody(table, service);
    const FlowKey& hashed = service.persistence != 0 ? persistence_key(service, key) : key;
    const std::uint64_t hash = hash_of(hashed, maglev_secret);
    counters_.stateless.add(1);
    const auto size = static_cast<std::uint32_t>(service.maglev.size());
    return {Verdict::Kind::forward, DropReason::none, service.maglev[reduce(hash, size)]};
}

Verdict Dispatcher::nobody(const ForwardingTable& table, const ServiceEntry& service) {
    counters_.service_drops[table.slot_of(service)].add(1);
    if (service.on_no_backend == NoBackendPolicy::reject)
        return {Verdict::Kind::reject, DropReason::rejected};
    return {Verdict::Kind::drop, DropReason::no_backend};
}

BackendSlot Dispatcher::persistent_backend(const ForwardingTable& table,
                                           const ServiceEntry& service, const FlowKey& key,
                                           Tick now) {
    const FlowKey client = persistence_key(service, key);
    const std::uint64_t hash = persistence_.hash(client);
    Flow* binding = persistence_.find(client, hash);
    if (binding != nullptr) {
        const BackendEntry& backend = table.backend(binding->backend);
        if (!reached(binding->expires, now) && backend.generation == binding->generation &&
            backend.keeps_persistence) {
            binding->expires = now + service.persistence;
            return binding->backend;
        }
        uncount_persistence(*binding);
        persistence_.erase(*binding);
    }
    const BackendSlot chosen = cursors_[table.slot_of(service)].next(service);
    if (chosen == no_backend) return no_backend;
    const FlowTable::Place place = persistence_.insert(client, hash, now);
    if (place.evicted.state != FlowState::free) uncount_persistence(place.evicted);
    if (place.flow == nullptr) {
        // No room: the consistent hash of the client's network is an affinity without memory.
        const auto size = static_cast<std::uint32_t>(service.maglev.size());
        return size == 0 ? chosen : service.maglev[reduce(hash_of(client, maglev_secret), size)];
    }
    place.flow->state = FlowState::persistence;
    place.flow->backend = chosen;
    place.flow->generation = table.backend(chosen).generation;
    place.flow->expires = now + service.persistence;
    counters_.backends[chosen].persistent.add(1);
    counters_.persistence_entries.add(1);
    return chosen;
}

Verdict Dispatcher::forward(BackendSlot backend, std::uint32_t bytes, Verdict verdict) {
    if (verdict.kind != Verdict::Kind::forward) return verdict;
    BackendCounters& counters = counters_.backends[backend];
    counters.packets.add(1);
    counters.bytes.add(bytes);
    return verdict;
}

std::uint16_t Dispatcher::owner_of(const FlowKey& persistence_key) const {
    return static_cast<std::uint16_t>(
        reduce(hash_of(persistence_key, setup_.owner_secret), setup_.workers));
}

// Writes to the flow's cache line only what has changed by a second or more.
void Dispatcher::touch(Flow& flow, FlowState state, const ServiceEntry& service, Tick now) {
    if (state != flow.state) {
        BackendCounters& counters = counters_.backends[flow.backend];
        if (is_active(state) != is_active(flow.state)) {
            (is_active(state) ? counters.active : counters.inactive).add(1);
            (is_active(state) ? counters.inactive : counters.active).subtract(1);
        }
        flow.state = state;
        flow.expires = now + timeout_of(service, state);
        return;
    }
    const Tick deadline = now + timeout_of(service, state);
    if (deadline - flow.expires >= ticks_per_second) flow.expires = deadline;
}

void Dispatcher::forget(Flow& flow) {
    uncount(flow);
    flows_.erase(flow);
}

void Dispatcher::uncount(const Flow& flow) {
    BackendCounters& counters = counters_.backends[flow.backend];
    (is_active(flow.state) ? counters.active : counters.inactive).subtract(1);
    counters_.flows.subtract(1);
}

void Dispatcher::uncount_persistence(const Flow& binding) {
    counters_.backends[binding.backend].persistent.subtract(1);
    counters_.persistence_entries.subtract(1);
}

void Dispatcher::sweep(std::size_t lines, Tick now) {
    flows_.sweep(lines, now, [this](const Flow& flow) { uncount(flow); });
    persistence_.sweep(lines, now, [this](const Flow& flow) { uncount_persistence(flow); });
}

} // namespace lbd::dataplane
