// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/scheduler.h"

#include <algorithm>
#include <utility>

namespace lbd::dataplane {

namespace {

constexpr std::size_t backends_compared_at_once = 4;

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
    const std::size_t count = std::min(backends_compared_at_once, watched.size());
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

// As it is, and every look at a threshold is remembered.
class Scheduler::Deciding {
  public:
    explicit Deciding(Scheduler& scheduler) : scheduler_(scheduler) {}
    std::uint64_t active(BackendSlot slot) const { return scheduler_.load_.active(slot); }
    std::uint64_t inactive(BackendSlot slot) const { return scheduler_.load_.inactive(slot); }
    bool overloaded(const BackendEntry& backend, BackendSlot slot) {
        if (backend.upper_threshold == 0) return false;
        const bool verdict = scheduler_.overloaded(backend, slot, active(slot) + inactive(slot));
        scheduler_.overloaded_[slot] = verdict;
        return verdict;
    }

  private:
    Scheduler& scheduler_;
};

// As it will be without the flow that goes first.
class Scheduler::Peeking {
  public:
    Peeking(const Scheduler& scheduler, const Leaving& leaving)
        : scheduler_(scheduler), leaving_(leaving) {}
    std::uint64_t active(BackendSlot slot) const {
        return scheduler_.load_.active(slot) - (slot == leaving_.backend && leaving_.active);
    }
    std::uint64_t inactive(BackendSlot slot) const {
        return scheduler_.load_.inactive(slot) - (slot == leaving_.backend && !leaving_.active);
    }
    bool overloaded(const BackendEntry& backend, BackendSlot slot) const {
        return backend.upper_threshold != 0 &&
               scheduler_.overloaded(backend, slot, active(slot) + inactive(slot));
    }

  private:
    const Scheduler& scheduler_;
    const Leaving& leaving_;
};

BackendSlot Scheduler::choose(const ForwardingTable& table, const ServiceEntry& service,
                              std::uint64_t hash, Tick now) {
    if (is_exhausted(table, service, now)) return no_backend;
    const ServiceSlot slot = table.slot_of(service);
    Deciding loads(*this);
    const BackendSlot chosen = select(table, service, hash, cursors_[slot], loads);
    // Connections that nobody can take are turned away cheaply until the next tick. Not for longer,
    // nor when the clock has wrapped and comes to that tick again.
    if (chosen == no_backend)
        exhausted_[slot] = now;
    else if (exhausted_[slot].has_value())
        exhausted_[slot].reset();
    return chosen;
}

BackendSlot Scheduler::peek(const ForwardingTable& table, const ServiceEntry& service,
                            std::uint64_t hash, Tick now, const Leaving& leaving) const {
    if (is_exhausted(table, service, now)) return no_backend;
    RingCursor cursor = cursors_[table.slot_of(service)];
    const Peeking loads(*this, leaving);
    return select(table, service, hash, cursor, loads);
}

template <class Loads>
BackendSlot Scheduler::select(const ForwardingTable& table, const ServiceEntry& service,
                              std::uint64_t hash, RingCursor& cursor, Loads& loads) {
    if (service.discipline == Discipline::ring) return next_in_ring(table, service, cursor, loads);
    if (service.discipline != Discipline::hash) return least(table, service, cursor, loads);
    // IPVS sh and mh give an overloaded backend's connections to nobody unless told to fall back;
    // here the next in turn helps out.
    const BackendSlot named = by_hash(service, hash);
    return loads.overloaded(table.backend(named), named)
               ? next_in_ring(table, service, cursor, loads)
               : named;
}

BackendSlot Scheduler::by_hash(const ServiceEntry& service, std::uint64_t hash) {
    if (service.hash_table.empty()) return no_backend;
    return service.hash_table[reduce(hash, static_cast<std::uint32_t>(service.hash_table.size()))];
}

template <class Loads>
BackendSlot Scheduler::next_in_ring(const ForwardingTable& table, const ServiceEntry& service,
                                    RingCursor& cursor, Loads& loads) {
    const BackendSlot first = cursor.next(service);
    if (first == no_backend || !loads.overloaded(table.backend(first), first)) return first;
    for (std::size_t tries = 1; tries < service.ring.size(); ++tries) {
        const BackendSlot slot = cursor.next(service);
        if (!loads.overloaded(table.backend(slot), slot)) return slot;
    }
    return no_backend;
}

// IPVS: ip_vs_lc_schedule, ip_vs_wlc_schedule. Starts behind the last choice, so that equals take
// turns.
template <class Loads>
BackendSlot Scheduler::least(const ForwardingTable& table, const ServiceEntry& service,
                             RingCursor& cursor, Loads& loads) {
    const bool weighted = service.discipline == Discipline::weighted_least;
    std::size_t at = cursor.turn(service.members.size());
    BackendSlot best = no_backend;
    std::uint64_t best_overhead = 0;
    std::uint64_t best_weight = 1;
    for (std::size_t i = 0; i < service.members.size(); ++i) {
        const BackendSlot slot = service.members[at];
        if (++at == service.members.size()) at = 0;
        const BackendEntry& backend = table.backend(slot);
        if (loads.overloaded(backend, slot)) continue;
        const std::uint64_t load = overhead(loads.active(slot), loads.inactive(slot));
        const std::uint64_t weight = weighted ? backend.weight : 1;
        if (best != no_backend && load * best_weight >= best_overhead * weight) continue;
        best = slot;
        best_overhead = load;
        best_weight = weight;
    }
    return best;
}

// IPVS: ip_vs_dest_update_overload.
bool Scheduler::overloaded(const BackendEntry& backend, BackendSlot slot,
                           std::uint64_t connections) const {
    if (connections >= backend.upper_threshold) return true;
    if (connections < backend.lower_threshold || backend.lower_threshold == 0) return false;
    return overloaded_[slot];
}

} // namespace lbd::dataplane
