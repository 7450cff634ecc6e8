// SPDX-License-Identifier: BSD-3-Clause
// What the model remembers: flows, bindings, limits; and what it looks up.
#include "lb/dataplane/client_key.h"
#include "lb/dataplane/scheduler.h"
#include "tests/model/frames.h"
#include "tests/model/specification.h"

namespace lbd::model {

using namespace dataplane;

namespace {

std::uint32_t network(const Packet& packet, unsigned prefix) {
    const unsigned whole = packet.ipv6 ? 128 : 32;
    return prefix >= whole ? packet.client : packet.client >> (whole - prefix) << (whole - prefix);
}

} // namespace

// The service of that port, or else the one of all ports.
const ServiceEntry* Specification::find(const Packet& packet) const {
    const ServiceEntry* found = nullptr;
    for (const ServiceSlot slot : setting_->live) {
        const ServiceEntry& service = setting_->services[slot];
        const Ipv6 vip = packet.ipv6 ? key_of<KeyV6>(packet).vip
                                     : ForwardingTable::widened(key_of<KeyV4>(packet).vip);
        if (service.ipv6 != packet.ipv6 || service.vip != vip ||
            service.protocol != packet.protocol)
            continue;
        if (service.port == test::be(packet.vip_port)) return &service;
        if (service.port == 0) found = &service;
    }
    return found;
}

bool Specification::is_virtual(const Packet& packet) const {
    for (const ServiceSlot slot : setting_->live) {
        const ServiceEntry& service = setting_->services[slot];
        const Ipv6 vip = packet.ipv6 ? key_of<KeyV6>(packet).vip
                                     : ForwardingTable::widened(key_of<KeyV4>(packet).vip);
        if (service.ipv6 == packet.ipv6 && service.vip == vip) return true;
    }
    return false;
}

BackendSlot Specification::by_hash(const Packet& packet, const ServiceEntry& service) const {
    const std::uint64_t hash = packet.ipv6 ? consistent_hash(service, key_of<KeyV6>(packet))
                                           : consistent_hash(service, key_of<KeyV4>(packet));
    return Scheduler::by_hash(service, hash);
}

// A client's network keeps its backend until the service's time after its last new connection is
// over and its last connection has ended; it never keeps one that does not keep it.
Specification::Bound Specification::bind(const Packet& packet, const ServiceEntry& service) {
    const BindingKey key{network(packet, service.client_prefix), packet.vip, service.port,
                         service.protocol};
    Places<Binding>& bindings = family(packet).bindings;
    Binding* binding = bindings.find(key);
    const bool holds = binding != nullptr && !binding->ended(now_) &&
                       setting_->backends[binding->backend].keeps_persistence;
    if (!holds) {
        const auto slot = static_cast<ServiceSlot>(&service - setting_->services.data());
        const BackendSlot chosen =
            balancing_.choose(*setting_, slot, by_hash(packet, service), now_);
        if (chosen == no_backend) return {};
        if (binding != nullptr) {
            occasion("a client is bound to another backend");
            count(binding->backend, "persistent", -1);
        } else {
            auto* place = bindings.place_for_new(now_);
            // The consistent hash of the client's network is an affinity without memory.
            if (place == nullptr) {
                occasion("bindings are full");
                return {by_hash(packet, service), {}};
            }
            if (*place)
                count((*place)->backend, "persistent", -1);
            else
                count("bindings");
            *place = Binding{key, chosen, 0, 0};
            binding = &**place;
        }
        binding->backend = chosen;
        count(chosen, "persistent");
    }
    if (holds) occasion(binding->end <= now_ ? "only flows hold a binding" : "a binding holds");
    binding->end = now_ + service.persistence;
    ++binding->flows;
    return {binding->backend, key};
}

// Its end moves on when that makes a difference of a second.
void Specification::keep(Flow& flow, State state) {
    const Backend& backend = setting_->backends[flow.backend];
    const ServiceEntry& service = setting_->services[backend.service];
    const Time end = now_ + service.timeouts.of[static_cast<std::size_t>(state)];
    if (state != flow.state) {
        if (flow.state == State::syn_recv) count(flow.backend, "confirmed");
        count(flow.backend, name_of_activity(flow.state), -1);
        count(flow.backend, name_of_activity(state));
        flow.state = state;
        flow.end = end;
    } else if (end < flow.end || end >= flow.end + a_second) {
        flow.end = end;
    }
}

void Specification::forget(Family& family, const FlowKey& key) {
    let_go(family, *family.flows.find(key));
    family.flows.erase(key);
}

void Specification::let_go(Family& family, const Flow& flow) {
    count(flow.backend, name_of_activity(flow.state), -1);
    count("flows", -1);
    if (flow.binding) --family.bindings.find(*flow.binding)->flows;
}

void Specification::expire() {
    for (Family& family : families_) {
        family.flows.expire(now_, [&](const Flow& flow) { let_go(family, flow); });
        family.bindings.expire(now_, [&](const Binding& binding) {
            count(binding.backend, "persistent", -1);
            count("bindings", -1);
        });
    }
}

// A second slides in tenths: the connections of the one before count by what is left of it. Seconds
// begin anew with each block of 16384 ticks, whose last one is shorter.
bool Specification::within_limit(const Packet& packet, const ServiceEntry& service) {
    constexpr Time block = 16384;
    constexpr Time seconds_of_block = block / a_second + 1;
    const Time second = now_ / block * seconds_of_block + now_ % block / a_second;
    const Time tenth = now_ % block % a_second;
    auto& by_second = family(packet).admitted[{network(packet, service.limit_prefix), packet.vip,
                                               service.port, service.protocol}];
    const std::uint64_t tenths =
        by_second[second] * 10 + (second == 0 ? 0 : by_second[second - 1]) * (10 - tenth);
    if (second != 0 && by_second[second - 1] != 0) occasion("a limit looks at the second before");
    if (tenths + 10 > service.limit * std::uint64_t{10}) return false;
    ++by_second[second];
    return true;
}

void Specification::count(BackendSlot backend, const char* what, std::int64_t amount) {
    count("backend " + std::to_string(backend) + ' ' + what, amount);
}

} // namespace lbd::model
