// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/roster.h"

#include <rte_byteorder.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace lbd::control {

using dataplane::BackendSlot;
using dataplane::ServiceSlot;

namespace {

const config::IpAddress* local_address(const config::Network& network,
                                       config::IpAddress::Family family) {
    for (const config::Prefix& prefix : network.addresses)
        if (prefix.address.family == family) return &prefix.address;
    return nullptr;
}

} // namespace

bool BackendRecord::is_live() const {
    return configured && weight() > 0 && mac_known && is_up();
}

const config::IpAddress& BackendRecord::next_hop() const {
    return config.gateway ? *config.gateway : config.address;
}

std::string_view BackendRecord::state() const {
    if (!configured) return "removed";
    if (disabled) return "disabled";
    if (health != Health::up && taken_for_up) return "assumed_up";
    if (health == Health::down) return "down";
    if (!mac_known) return "no_mac";
    if (health == Health::unknown) return "pending";
    if (weight() == 0) return "drained";
    if (rests) return config.sorry ? "standby" : "no_quorum";
    return "up";
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
    const std::vector<config::Network> networks = config::networks(config);
    for (const config::Service& service : config.services) {
        const ServiceSlot slot = slot_for(service);
        for (const config::Backend& backend : service.backends) {
            const BackendSlot backend_slot = slot_for(slot, backend);
            reach(backends_[backend_slot], networks);
            services_[slot].backends.push_back(backend_slot);
        }
    }
}

// Which network it is on, and the ends of the tunnel to it.
void Roster::reach(BackendRecord& record, const std::vector<config::Network>& networks) const {
    const std::string& name = record.config.port_name.empty()
                                  ? services_[record.service].config.port_name
                                  : record.config.port_name;
    const auto network =
        std::find_if(networks.begin(), networks.end(),
                     [&](const config::Network& candidate) { return candidate.name == name; });
    record.interface = static_cast<std::uint8_t>(network - networks.begin());
    record.tunnel.kind = static_cast<dataplane::Forwarding>(record.config.forwarding);
    if (record.tunnel.kind == dataplane::Forwarding::direct) return;
    const config::IpAddress& remote = record.config.address;
    record.tunnel.ipv6 = remote.family == config::IpAddress::Family::v6;
    record.tunnel.gue_port = rte_cpu_to_be_16(record.config.gue_port);
    record.tunnel.remote = remote.bytes;
    if (const config::IpAddress* local = local_address(*network, remote.family))
        record.tunnel.local = local->bytes;
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
        vacant->slow_start = SlowStart(generation_ == 0); // lbd itself has just started
        known = backend_slots_.emplace(id, vacant - backends_.begin()).first;
    }
    BackendRecord& record = backends_[known->second];
    record.config = backend;
    record.in_slot = record.configured = true;
    record.retired_with = 0;
    if (backend.checks.empty()) record.health = Health::up;
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

bool Roster::set_mac(std::size_t interface, const config::IpAddress& next_hop,
                     std::optional<config::MacAddress> mac) {
    bool changed = false;
    for (BackendRecord& record : backends_) {
        if (!record.in_slot || record.config.mac) continue;
        if (record.interface != interface || record.next_hop() != next_hop) continue;
        if (std::exchange(record.mac_known, mac.has_value()) != mac.has_value()) changed = true;
        if (mac && record.mac != mac) {
            record.mac = mac;
            changed = true;
        }
    }
    return changed;
}

std::vector<BackendSlot> Roster::set_by_hand(const config::IpAddress& address,
                                             const std::string& service, const ByHand& wanted) {
    std::vector<BackendSlot> slots;
    for (std::size_t slot = 0; slot < backends_.size(); ++slot) {
        BackendRecord& record = backends_[slot];
        if (!record.in_slot || !record.configured || record.config.address != address) continue;
        if (!service.empty() && services_[record.service].config.name != service) continue;
        record.weight_by_hand = wanted.weight;
        record.disabled = wanted.disabled;
        slots.push_back(static_cast<BackendSlot>(slot));
    }
    return slots;
}

bool Roster::release(const std::function<bool(BackendSlot)>& in_use) {
    bool retires = false;
    std::vector<bool> service_in_use(services_.size());
    for (auto known = backend_slots_.begin(); known != backend_slots_.end();) {
        BackendRecord& record = backends_[known->second];
        const bool unused = !record.configured && !in_use(known->second);
        if (unused && record.retired_with != 0 && record.retired_with <= generation_) {
            record.in_slot = false;
            known = backend_slots_.erase(known);
            continue;
        }
        if (unused && record.retired_with == 0) {
            ++record.generation;
            record.retired_with = generation_ + 1;
            retires = true;
        }
        service_in_use[record.service] = true;
        ++known;
    }
    std::erase_if(service_slots_, [&](const auto& known) {
        ServiceRecord& record = services_[known.second];
        if (record.configured || service_in_use[known.second]) return false;
        record.in_slot = false;
        return true;
    });
    return retires;
}

void Roster::judge_standing_of(ServiceRecord& service) {
    std::vector<Candidate> candidates;
    for (const BackendSlot slot : service.backends) {
        const BackendRecord& record = backends_[slot];
        if (record.config.sorry) continue;
        candidates.push_back(
            {record.weight(), record.health == Health::up, record.mac_known && !record.disabled});
    }
    const Standing before = service.standing;
    service.standing = judge_standing(service.config, before, candidates);
    const Standing& now = service.standing;
    for (const BackendSlot slot : service.backends) {
        BackendRecord& record = backends_[slot];
        record.taken_for_up = now.checks_ignored && !record.config.sorry;
        record.rests = *now.quorum == record.config.sorry;
    }
    if (before.quorum && now.quorum != before.quorum)
        news_.push_back(
            {service.config.name, now.quorum,
             "service " + service.config.name + ": quorum " + (*now.quorum ? "regained" : "lost")});
    if (before.checks_ignored != now.checks_ignored)
        news_.push_back({service.config.name,
                         {},
                         "service " + service.config.name +
                             (now.checks_ignored ? ": too few backends are up, checks are ignored"
                                                 : ": checks count again")});
}

std::vector<Roster::News> Roster::take_news() {
    return std::exchange(news_, {});
}

bool Roster::warms_up() const {
    return std::any_of(services_.begin(), services_.end(), [](const ServiceRecord& service) {
        return service.configured && service.warms_up;
    });
}

} // namespace lbd::control
