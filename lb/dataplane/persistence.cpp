// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/persistence.h"

namespace lbd::dataplane {

template <class Key>
Bound PersistenceTable<Key>::bind(const ForwardingTable& table, const ServiceEntry& service,
                                  const Key& client, std::uint64_t hash, Tick now) {
    const std::uint64_t place_hash = bindings_.hash(client);
    Flow<Key>* binding = bindings_.find(client, place_hash);
    const bool holds = binding != nullptr && !binding->ended(now) &&
                       table.backend(binding->backend).keeps_persistence;
    if (!holds) {
        const BackendSlot chosen = scheduler_.choose(table, service, hash, now);
        if (chosen == no_backend) return {};
        if (binding == nullptr) {
            const auto place = bindings_.insert(client, place_hash, now);
            if (place.evicted.state != FlowState::free) uncount(place.evicted);
            // No room: the consistent hash of the client's network is an affinity without memory.
            if (place.flow == nullptr) return {Scheduler::by_hash(service, hash), no_binding};
            binding = place.flow;
            binding->state = FlowState::persistence;
            binding->link = 0;
            counters_.persistence_entries.add(1);
        } else {
            counters_.backends[binding->backend].persistent.subtract(1);
        }
        assign(*binding, chosen);
    }
    binding->expires = now + service.persistence;
    ++binding->link;
    return {binding->backend, bindings_.position_of(*binding)};
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
void PersistenceTable<Key>::sweep(std::size_t lines, Tick now) {
    const auto prepare = [](const Flow<Key>&) {};
    bindings_.sweep(lines, now, prepare, [this](const Flow<Key>& binding) {
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
