// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/persistence.h"

namespace lbd::dataplane {

namespace {

constexpr Tick longest_over = 24 * 3600 * ticks_per_second;

} // namespace

template <class Key>
Bound PersistenceTable<Key>::bind(const ForwardingTable& table, const ServiceEntry& service,
                                  const Key& client, std::uint64_t hash, Tick now) {
    const std::uint64_t place_hash = bindings_.hash(client);
    Flow<Key>* binding = bindings_.find(client, place_hash);
    const bool held = holds(table, binding, now);
    if (!held) {
        const BackendSlot chosen = scheduler_.choose(table, service, hash, now);
        if (chosen == no_backend) return {};
        if (binding == nullptr) {
            binding = add(client, place_hash, now);
            // No room: the consistent hash of the client's network is an affinity without memory.
            if (binding == nullptr) return {Scheduler::by_hash(service, hash), no_binding};
        } else {
            counters_.backends[binding->backend].persistent.subtract(1);
        }
        assign(*binding, chosen);
    }
    binding->expires = now + service.persistence;
    ++binding->link;
    if (!held) journal_.note(*binding, table.backend(binding->backend), now);
    return {binding->backend, bindings_.position_of(*binding)};
}

template <class Key>
BackendSlot PersistenceTable<Key>::peek(const ForwardingTable& table, const ServiceEntry& service,
                                        const Key& client, std::uint64_t hash, Tick now,
                                        const Leaving& leaving) const {
    const auto known = view(table, client, now, leaving);
    if (known && known->holds) return known->backend;
    const BackendSlot chosen = scheduler_.peek(table, service, hash, now, leaving);
    const bool room = known || bindings_.has_room(bindings_.hash(client), now);
    return chosen == no_backend || room ? chosen : Scheduler::by_hash(service, hash);
}

template <class Key>
std::optional<BindingView> PersistenceTable<Key>::view(const ForwardingTable& table,
                                                       const Key& client, Tick now,
                                                       const Leaving& leaving) const {
    const Flow<Key>* found = bindings_.find(client, bindings_.hash(client));
    if (found == nullptr) return std::nullopt;
    Flow<Key> binding = *found;
    if (leaving.binding == bindings_.position_of(*found)) --binding.link;
    const Tick remaining = reached(binding.expires, now) ? 0 : binding.expires - now;
    return BindingView{binding.backend, remaining, binding.link, holds(table, &binding, now)};
}

template <class Key>
Flow<Key>* PersistenceTable<Key>::add(const Key& client, std::uint64_t hash, Tick now) {
    const auto place = bindings_.insert(client, hash, now);
    if (place.evicted.state != FlowState::free) uncount(place.evicted);
    if (place.flow == nullptr) return nullptr;
    place.flow->state = FlowState::persistence;
    place.flow->link = 0;
    counters_.persistence_entries.add(1);
    return place.flow;
}

template <class Key>
bool PersistenceTable<Key>::import(const Key& client, const FlowEvent& event, Tick now) {
    const std::uint64_t hash = bindings_.hash(client);
    const Tick expires = now + event.remaining;
    Flow<Key>* binding = bindings_.find(client, hash);
    if (binding == nullptr) {
        binding = add(client, hash, now);
        if (binding == nullptr) return false;
    } else {
        // Known here for longer: the same that is repeated, or told by who has only its flows.
        const bool same = event.repeated || binding->backend == event.backend;
        if (same && !binding->ended(now) && reached(expires, binding->expires)) return true;
        counters_.backends[binding->backend].persistent.subtract(1);
    }
    assign(*binding, event.backend);
    binding->expires = expires;
    Journal::mark_told(*binding, now);
    return true;
}

template <class Key>
std::uint32_t PersistenceTable<Key>::hold(const Key& client, BackendSlot backend, Tick now) {
    Flow<Key>* binding = bindings_.find(client, bindings_.hash(client));
    if (binding == nullptr || binding->ended(now) || binding->backend != backend) return no_binding;
    ++binding->link;
    return bindings_.position_of(*binding);
}

template <class Key>
void PersistenceTable<Key>::assign(Flow<Key>& binding, BackendSlot backend) {
    binding.backend = backend;
    counters_.backends[backend].persistent.add(1);
}

template <class Key>
void PersistenceTable<Key>::release(std::uint32_t binding) {
    --bindings_.at(binding).link;
}

template <class Key>
void PersistenceTable<Key>::sweep(const ForwardingTable& table, std::size_t lines, Tick now) {
    const auto visit = [&](Flow<Key>& binding) {
        // Held by its flows, it may be over for so long that the wrapping clock would take its end
        // for one to come.
        if (reached(binding.expires + longest_over, now)) binding.expires = now;
        if (!journal_.enabled()) return;
        const BackendEntry& backend = table.backend(binding.backend);
        journal_.refresh(binding, backend, table.service(backend.service).persistence, now);
    };
    const auto prepare = [](const Flow<Key>&) {};
    bindings_.sweep(lines, now, visit, prepare, [this](const Flow<Key>& binding) {
        uncount(binding);
        return true;
    });
}

template <class Key>
void PersistenceTable<Key>::uncount(const Flow<Key>& binding) {
    counters_.backends[binding.backend].persistent.subtract(1);
    counters_.persistence_entries.subtract(1);
}

template class PersistenceTable<KeyV4>;
template class PersistenceTable<KeyV6>;

} // namespace lbd::dataplane
