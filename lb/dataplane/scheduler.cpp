// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/scheduler.h"

#include <algorithm>
#include <utility>

namespace lbd::dataplane {

namespace {

constexpr std::size_t looked_at_once = 4;

// IPVS: ip_vs_dest_conn_overhead. An established connection weighs as much as 256 others.
std::uint64_t overhead(std::uint64_t active, std::uint64_t inactive) {
    return (active << 8) + inactive;
}

} // namespace

LoadView::LoadView(const WorkerCounters& own, std::vector<const WorkerCounters*> others)
    : own_(own), others_(std::move(others)) {}

void LoadView::refresh(const ForwardingTable& table) {
    const std::vector<BackendSlot>& watched = table.watched();
    if (others_.empty()) return;
    const std::size_t count = std::min(looked_at_once, watched.size());
    for (std::size_t i = 0; i < count; ++i) {
        if (next_ >= watched.size()) next_ = 0;
        const BackendSlot slot = watched[next_++];
        std::uint64_t active = 0;
        std::uint64_t inactive = 0;
        for (const WorkerCounters* other : others_) {
            active += other->backends[slot].active.get();
            inactive += other->backends[slot].inactive.get();
        }
        others_load_[slot] = {static_cast<std::uint32_t>(active),
                              static_cast<std::uint32_t>(inactive)};
    }
}

Scheduler::Scheduler(unsigned worker, const WorkerCounters& own,
                     std::vector<const WorkerCounters*> others)
    : load_(own, std::move(others)), overloaded_(max_backends), exhausted_(max_services) {
    // Workers begin at different backends, so that few connections over many workers spread too.
    cursors_.assign(max_services, RingCursor(worker));
}

BackendSlot Scheduler::choose(const ForwardingTable& table, const ServiceEntry& service,
                              std::uint64_t hash, Tick now) {
    std::optional<Tick>& exhausted = exhausted_[table.slot_of(service)];
    if (service.members.empty() || exhausted == now) return no_backend;
    BackendSlot chosen = no_backend;
    if (service.discipline == Discipline::hash) {
        chosen = by_hash(service, hash);
        // IPVS sh and mh give an overloaded backend's connections to nobody unless told to fall
        // back; here the next in turn helps out.
        if (overloaded(table.backend(chosen), chosen)) chosen = next_in_ring(table, service);
    } else if (service.discipline == Discipline::ring) {
        chosen = next_in_ring(table, service);
    } else {
        chosen = least(table, service);
    }
    // Connections that nobody can take are turned away cheaply until the next tick. Not for longer,
    // nor when the clock has wrapped and comes to that tick again.
    if (chosen == no_backend)
        exhausted = now;
    else if (exhausted.has_value())
        exhausted.reset();
    return chosen;
}

BackendSlot Scheduler::by_hash(const ServiceEntry& service, std::uint64_t hash) {
    if (service.hash_table.empty()) return no_backend;
    return service.hash_table[reduce(hash, static_cast<std::uint32_t>(service.hash_table.size()))];
}

BackendSlot Scheduler::next_in_ring(const ForwardingTable& table, const ServiceEntry& service) {
    RingCursor& cursor = cursors_[table.slot_of(service)];
    const BackendSlot first = cursor.next(service);
    if (first == no_backend || !overloaded(table.backend(first), first)) return first;
    for (std::size_t tries = 1; tries < service.ring.size(); ++tries) {
        const BackendSlot slot = cursor.next(service);
        if (!overloaded(table.backend(slot), slot)) return slot;
    }
    return no_backend;
}

// IPVS: ip_vs_lc_schedule, ip_vs_wlc_schedule. Starts behind the last choice, so that equals take
// turns.
BackendSlot Scheduler::least(const ForwardingTable& table, const ServiceEntry& service) {
    const bool weighted = service.discipline == Discipline::weighted_least;
    RingCursor& cursor = cursors_[table.slot_of(service)];
    std::size_t at = cursor.turn(service.members.size());
    BackendSlot best = no_backend;
    std::uint64_t best_overhead = 0;
    std::uint64_t best_weight = 1;
    for (std::size_t i = 0; i < service.members.size(); ++i) {
        const BackendSlot slot = service.members[at];
        if (++at == service.members.size()) at = 0;
        const BackendEntry& backend = table.backend(slot);
        if (overloaded(backend, slot)) continue;
        const std::uint64_t load = overhead(load_.active(slot), load_.inactive(slot));
        const std::uint64_t weight = weighted ? backend.weight : 1;
        if (best != no_backend && load * best_weight >= best_overhead * weight) continue;
        best = slot;
        best_overhead = load;
        best_weight = weight;
    }
    return best;
}

// IPVS: ip_vs_dest_update_overload.
bool Scheduler::overloaded(const BackendEntry& backend, BackendSlot slot) {
    if (backend.upper_threshold == 0) return false;
    const std::uint64_t connections = load_.active(slot) + load_.inactive(slot);
    if (connections >= backend.upper_threshold)
        overloaded_[slot] = true;
    else if (connections < backend.lower_threshold || backend.lower_threshold == 0)
        overloaded_[slot] = false;
    return overloaded_[slot];
}

} // namespace lbd::dataplane
