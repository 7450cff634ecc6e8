// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/sync/directory.h"

namespace lbd::control::sync {

using dataplane::BackendSlot;
using dataplane::ServiceSlot;

Directory::Directory(const Roster& roster) {
    const auto& services = roster.services();
    for (std::size_t slot = 0; slot < services.size(); ++slot) {
        if (!services[slot].in_slot) continue;
        const config::Service& service = services[slot].config;
        services_.emplace(Endpoint{service.address.bytes, rte_cpu_to_be_16(service.port),
                                   static_cast<std::uint8_t>(service.protocol),
                                   service.address.family == config::IpAddress::Family::v6},
                          static_cast<ServiceSlot>(slot));
    }
    for (const BackendRecord& record : roster.backends()) {
        const auto slot = static_cast<BackendSlot>(backends_.size());
        backends_.push_back({record.config.address, record.generation, record.in_slot});
        if (record.in_slot) slots_.emplace(std::pair(record.service, record.config.address), slot);
    }
}

const config::IpAddress* Directory::address_of(const dataplane::FlowEvent& event) const {
    if (event.backend >= backends_.size()) return nullptr;
    const Backend& backend = backends_[event.backend];
    return backend.present && backend.generation == event.generation ? &backend.address : nullptr;
}

std::optional<ServiceSlot> Directory::service_of(Endpoint endpoint) const {
    auto found = services_.find(endpoint);
    if (found == services_.end()) {
        std::get<rte_be16_t>(endpoint) = 0; // a service of any port
        found = services_.find(endpoint);
    }
    return found == services_.end() ? std::nullopt : std::optional(found->second);
}

bool Directory::find(dataplane::FlowEvent& event, const config::IpAddress& backend) const {
    Endpoint endpoint;
    if (event.ipv6) {
        const auto key = event.key<dataplane::KeyV6>();
        endpoint = {key.vip, key.vip_port, key.protocol, true};
    } else {
        const auto key = event.key<dataplane::KeyV4>();
        endpoint = {dataplane::ForwardingTable::widened(key.vip), key.vip_port, key.protocol,
                    false};
    }
    const auto service = service_of(endpoint);
    if (!service) return false;
    const auto slot = slots_.find({*service, backend});
    if (slot == slots_.end()) return false;
    event.backend = slot->second;
    event.generation = backends_[slot->second].generation;
    return true;
}

} // namespace lbd::control::sync
