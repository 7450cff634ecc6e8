// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/roster.h"

#include <rte_ether.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "lb/dataplane/maglev.h"

namespace lbd::control {

using dataplane::BackendSlot;
using dataplane::FlowState;
using dataplane::ServiceSlot;

namespace {

rte_be32_t to_wire(const config::IpAddress& address) {
    rte_be32_t wire = 0;
    std::memcpy(&wire, address.bytes.data(), sizeof(wire));
    return wire;
}

rte_be32_t mask_of(std::uint8_t prefix) {
    return prefix == 0 ? 0 : rte_cpu_to_be_32(~std::uint32_t{0} << (32 - prefix));
}

dataplane::Tick ticks(config::Seconds seconds) {
    return static_cast<dataplane::Tick>(seconds.count()) * dataplane::ticks_per_second;
}

dataplane::ServiceTimeouts timeouts_of(const config::Timeouts& configured) {
    dataplane::ServiceTimeouts timeouts;
    const auto set = [&](FlowState state, config::Seconds seconds) {
        timeouts.of[static_cast<std::size_t>(state)] = ticks(seconds);
    };
    set(FlowState::syn_recv, configured.tcp_syn);
    set(FlowState::established, configured.tcp_established);
    set(FlowState::fin_wait, configured.tcp_fin);
    set(FlowState::time_wait, configured.tcp_fin);
    set(FlowState::close, configured.tcp_close);
    set(FlowState::udp, configured.udp);
    return timeouts;
}

// The same on every director that has this backend configured.
std::uint64_t identity_of(const BackendRecord& record) {
    return std::uint64_t{to_wire(record.config.address)} << 16 | record.config.port;
}

} // namespace

bool BackendRecord::takes_new_connections() const {
    return configured && config.weight > 0 && mac_known && health == Health::up;
}

bool BackendRecord::keeps_flows() const {
    // A neighbour entry that has just been lost is no reason to move a flow: the last address
    // serves until the health check judges.
    return in_slot && mac.has_value() && health == Health::up;
}

bool BackendRecord::keeps_persistence() const {
    return configured && mac_known && health == Health::up;
}

std::string_view BackendRecord::state() const {
    if (!configured) return "removed";
    if (health == Health::down) return "down";
    if (!mac_known) return "no_mac";
    if (health == Health::unknown) return "pending";
    return config.weight == 0 ? "drained" : "up";
}

void Roster::check_capacity(const config::Config& config) const {
    std::size_t new_services = 0;
    std::size_t new_backends = 0;
    for (const config::Service& service : config.services) {
        const auto known = service_slots_.find({service.address, service.port, service.protocol});
        if (known == service_slots_.end()) ++new_services;
        for (const config::Backend& backend : service.backends)
            if (known == service_slots_.end() ||
                !backend_slots_.contains({known->second, backend.address}))
                ++new_backends;
    }
    if (service_slots_.size() + new_services > dataplane::max_services)
        throw std::runtime_error("more than " + std::to_string(dataplane::max_services) +
                                 " services, those with connections left over included");
    if (backend_slots_.size() + new_backends > dataplane::max_backends)
        throw std::runtime_error("more than " + std::to_string(dataplane::max_backends) +
                                 " backends, those with connections left over included");
}

void Roster::adopt(const config::Config& config) {
    check_capacity(config);
    for (ServiceRecord& service : services_) {
        service.configured = false;
        service.backends.clear();
    }
    for (BackendRecord& backend : backends_) backend.configured = false;
    for (const config::Service& service : config.services) {
        const ServiceSlot slot = slot_for(service);
        const auto port = std::find_if(
            config.ports.begin(), config.ports.end(),
            [&](const config::Port& candidate) { return candidate.name == service.port_name; });
        const auto port_index = static_cast<std::uint8_t>(port - config.ports.begin());
        for (const config::Backend& backend : service.backends) {
            const BackendSlot backend_slot = slot_for(slot, backend);
            backends_[backend_slot].port = port_index;
            services_[slot].backends.push_back(backend_slot);
        }
    }
}

ServiceSlot Roster::slot_for(const config::Service& service) {
    const ServiceId id{service.address, service.port, service.protocol};
    auto known = service_slots_.find(id);
    if (known == service_slots_.end()) {
        auto vacant = std::find_if(services_.begin(), services_.end(),
                                   [](const ServiceRecord& record) { return !record.in_slot; });
        if (vacant == services_.end()) vacant = services_.emplace(vacant);
        const std::uint32_t version = vacant->ring_version;
        *vacant = {};
        vacant->ring_version = version; // grows on, so that no cursor takes it for the old ring
        known = service_slots_.emplace(id, vacant - services_.begin()).first;
    }
    ServiceRecord& record = services_[known->second];
    record.config = service;
    record.in_slot = record.configured = true;
    return known->second;
}

BackendSlot Roster::slot_for(ServiceSlot service, const config::Backend& backend) {
    const BackendId id{service, backend.address};
    auto known = backend_slots_.find(id);
    if (known == backend_slots_.end()) {
        auto vacant = std::find_if(backends_.begin(), backends_.end(),
                                   [](const BackendRecord& record) { return !record.in_slot; });
        if (vacant == backends_.end()) vacant = backends_.emplace(vacant);
        const auto generation = static_cast<std::uint16_t>(vacant->generation + 1);
        *vacant = {};
        vacant->generation = generation;
        vacant->service = service;
        known = backend_slots_.emplace(id, vacant - backends_.begin()).first;
    }
    BackendRecord& record = backends_[known->second];
    if (record.config.health.kind != backend.health.kind) record.health = Health::unknown;
    record.config = backend;
    record.in_slot = record.configured = true;
    if (backend.health.kind == config::HealthCheck::Kind::none) record.health = Health::up;
    if (backend.mac) {
        record.mac = backend.mac;
        record.mac_known = true;
    }
    return known->second;
}

bool Roster::set_health(BackendSlot slot, Health health) {
    BackendRecord& record = backends_[slot];
    return std::exchange(record.health, health) != health;
}

bool Roster::set_mac(const config::IpAddress& address, std::optional<config::MacAddress> mac) {
    bool changed = false;
    for (BackendRecord& record : backends_) {
        if (!record.in_slot || record.config.mac || record.config.address != address) continue;
        if (std::exchange(record.mac_known, mac.has_value()) != mac.has_value()) changed = true;
        if (mac && record.mac != mac) {
            record.mac = mac;
            changed = true;
        }
    }
    return changed;
}

void Roster::release(const std::function<bool(BackendSlot)>& in_use) {
    std::vector<bool> service_in_use(services_.size());
    for (auto known = backend_slots_.begin(); known != backend_slots_.end();) {
        BackendRecord& record = backends_[known->second];
        if (record.configured || in_use(known->second)) {
            service_in_use[record.service] = true;
            ++known;
        } else {
            record.in_slot = false;
            known = backend_slots_.erase(known);
        }
    }
    std::erase_if(service_slots_, [&](const auto& known) {
        ServiceRecord& record = services_[known.second];
        if (record.configured || service_in_use[known.second]) return false;
        record.in_slot = false;
        return true;
    });
}

void Roster::rebuild_ring(ServiceSlot slot) {
    ServiceRecord& service = services_[slot];
    const bool weighted = service.config.scheduler == config::Scheduler::wrr;
    std::vector<dataplane::Weighted> members;
    for (const BackendSlot backend : service.backends)
        if (backends_[backend].takes_new_connections())
            members.push_back({backend, weighted ? backends_[backend].config.weight : 1});
    std::vector<BackendSlot> ring = dataplane::smooth_ring(members);
    if (ring == service.ring && service.ring_version != 0) return;
    service.ring = std::move(ring);
    ++service.ring_version;
}

dataplane::ServiceEntry Roster::entry_of(ServiceSlot slot) const {
    const ServiceRecord& record = services_[slot];
    const config::Service& configured = record.config;
    dataplane::ServiceEntry entry;
    entry.vip = to_wire(configured.address);
    entry.port = rte_cpu_to_be_16(configured.port);
    entry.protocol = static_cast<std::uint8_t>(configured.protocol);
    entry.on_no_backend = static_cast<dataplane::NoBackendPolicy>(configured.on_no_backend);
    entry.on_unknown_tcp = static_cast<dataplane::UnknownTcpPolicy>(configured.on_unknown_tcp);
    entry.on_backend_down = static_cast<dataplane::BackendDownPolicy>(configured.on_backend_down);
    entry.persistence = ticks(configured.persistence);
    entry.persistence_mask = mask_of(configured.persistence_prefix);
    entry.timeouts = timeouts_of(configured.timeouts);
    entry.ring_version = record.ring_version;
    entry.ring = record.ring;
    std::vector<dataplane::MaglevMember> members;
    for (const BackendSlot backend : record.backends) {
        const BackendRecord& member = backends_[backend];
        if (!member.takes_new_connections()) continue;
        const bool weighted = configured.scheduler == config::Scheduler::wrr;
        members.push_back({{backend, weighted ? member.config.weight : 1}, identity_of(member)});
    }
    entry.maglev = dataplane::maglev_table(members);
    return entry;
}

dataplane::BackendEntry Roster::entry_of(const BackendRecord& record) const {
    dataplane::BackendEntry entry;
    if (record.mac) std::memcpy(&entry.mac, record.mac->bytes.data(), sizeof(entry.mac));
    entry.port = record.port;
    entry.forwards = record.keeps_flows();
    entry.keeps_persistence = record.keeps_persistence();
    entry.service = record.service;
    entry.generation = record.generation;
    entry.address = to_wire(record.config.address);
    return entry;
}

std::unique_ptr<const dataplane::ForwardingTable> Roster::build() {
    std::vector<dataplane::ServiceEntry> services;
    std::vector<ServiceSlot> live;
    for (std::size_t index = 0; index < services_.size(); ++index) {
        const auto slot = static_cast<ServiceSlot>(index);
        rebuild_ring(slot);
        services.push_back(entry_of(slot));
        if (services_[slot].configured) live.push_back(slot);
    }
    std::vector<dataplane::BackendEntry> backends;
    backends.reserve(backends_.size());
    for (const BackendRecord& record : backends_) backends.push_back(entry_of(record));
    return std::make_unique<dataplane::ForwardingTable>(std::move(services), std::move(backends),
                                                        live, ++generation_);
}

} // namespace lbd::control
