// SPDX-License-Identifier: BSD-3-Clause
#include "tests/model/balancing.h"

#include <algorithm>
#include <numeric>

namespace lbd::model {

using namespace dataplane;

std::vector<BackendSlot> ring_of(const Setting& setting, const ServiceEntry& service) {
    unsigned common = 0;
    for (const BackendSlot member : service.members)
        common = std::gcd(common, unsigned{setting.backends[member].weight});
    std::multimap<double, BackendSlot> order;
    const auto members = static_cast<double>(service.members.size());
    for (std::size_t i = 0; i < service.members.size(); ++i) {
        const unsigned weight = setting.backends[service.members[i]].weight / common;
        for (unsigned k = 0; k < weight; ++k)
            order.emplace((k + (static_cast<double>(i) + 0.5) / members) / weight,
                          service.members[i]);
    }
    std::vector<BackendSlot> ring;
    for (const auto& [at, member] : order) ring.push_back(member);
    return ring;
}

BackendSlot Balancing::choose(const Setting& setting, ServiceSlot slot, BackendSlot hashed,
                              Time now) {
    const Service& service = setting.services[slot];
    Turn& turn = turns_[slot];
    // Where nobody was found, nobody is looked for until the next tick.
    if (service.members.empty() || turn.nobody_at == now) return no_backend;
    BackendSlot chosen = no_backend;
    switch (service.discipline) {
        case Discipline::hash:
            chosen = overloaded(setting, hashed) ? next_in_ring(setting, service, turn) : hashed;
            break;
        case Discipline::ring:
            chosen = next_in_ring(setting, service, turn);
            break;
        case Discipline::least:
        case Discipline::weighted_least:
            chosen = least(setting, service, turn);
            break;
    }
    if (chosen == no_backend) turn.nobody_at = now;
    return chosen;
}

// Goes on behind the last choice, also when the ring has changed; once around at most.
BackendSlot Balancing::next_in_ring(const Setting& setting, const Service& service, Turn& turn) {
    const auto ring = ring_of(setting, service);
    if (turn.version != service.ring_version) {
        turn.version = service.ring_version;
        const auto last = std::find(ring.begin(), ring.end(), turn.last);
        turn.position = last != ring.end() ? static_cast<std::size_t>(last - ring.begin()) + 1
                                           : turn.position % ring.size();
    }
    for (std::size_t tries = 0; tries < ring.size(); ++tries) {
        if (turn.position >= ring.size()) turn.position = 0;
        turn.last = ring[turn.position++];
        if (!overloaded(setting, turn.last)) return turn.last;
    }
    return no_backend;
}

// An established connection counts as 256 others. Of equals, the first behind where the search
// began; it begins one further each time.
BackendSlot Balancing::least(const Setting& setting, const Service& service, Turn& turn) {
    turn.position = turn.position + 1 < service.members.size() ? turn.position + 1 : 0;
    BackendSlot best = no_backend;
    std::uint64_t best_load = 0;
    std::uint64_t best_weight = 1;
    for (std::size_t i = 0; i < service.members.size(); ++i) {
        const BackendSlot member = service.members[(turn.position + i) % service.members.size()];
        if (overloaded(setting, member)) continue;
        const Load now = load_(member);
        const std::uint64_t load = now.active * 256 + now.inactive;
        const std::uint64_t weight =
            service.discipline == Discipline::weighted_least ? setting.backends[member].weight : 1;
        if (best == no_backend || load * best_weight < best_load * weight) {
            best = member;
            best_load = load;
            best_weight = weight;
        }
    }
    return best;
}

// From the upper threshold on, until there are fewer connections than the lower one; as of when it
// was last asked.
bool Balancing::overloaded(const Setting& setting, BackendSlot slot) {
    const BackendEntry& backend = setting.backends[slot];
    if (backend.upper_threshold == 0) return false;
    const Load now = load_(slot);
    const std::uint64_t connections = now.active + now.inactive;
    if (connections >= backend.upper_threshold) overloaded_.insert(slot);
    if (connections < backend.upper_threshold &&
        (backend.lower_threshold == 0 || connections < backend.lower_threshold))
        overloaded_.erase(slot);
    return overloaded_.contains(slot);
}

} // namespace lbd::model
