// SPDX-License-Identifier: BSD-3-Clause
// The part of the roster that says what the data plane is to know of it.
#include <rte_byteorder.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "lb/control/roster.h"
#include "lb/dataplane/source_hash.h"

namespace lbd::control {

using dataplane::BackendSlot;
using dataplane::FlowState;
using dataplane::ServiceSlot;

namespace {

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
    set(FlowState::time_wait, configured.tcp_time_wait);
    set(FlowState::close, configured.tcp_close);
    set(FlowState::udp, configured.udp);
    return timeouts;
}

// The same on every director that has this backend configured.
std::uint64_t identity_of(const BackendRecord& record) {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    std::memcpy(&high, record.config.address.bytes.data(), sizeof(high));
    std::memcpy(&low, record.config.address.bytes.data() + sizeof(high), sizeof(low));
    return dataplane::multiply_fold(high ^ 0x9e3779b97f4a7c15u, low ^ 0xd6e8feb86659fd93u) ^
           record.config.port;
}

bool is_weighted(config::Scheduler scheduler) {
    return scheduler != config::Scheduler::rr && scheduler != config::Scheduler::lc;
}

bool is_hashing(config::Scheduler scheduler) {
    return scheduler == config::Scheduler::sh || scheduler == config::Scheduler::mh;
}

dataplane::Discipline discipline_of(config::Scheduler scheduler) {
    switch (scheduler) {
        case config::Scheduler::rr:
        case config::Scheduler::wrr:
            break;
        case config::Scheduler::lc:
            return dataplane::Discipline::least;
        case config::Scheduler::wlc:
            return dataplane::Discipline::weighted_least;
        case config::Scheduler::sh:
        case config::Scheduler::mh:
            return dataplane::Discipline::hash;
    }
    return dataplane::Discipline::ring;
}

dataplane::Hashed hashed_of(const config::Service& service) {
    if (is_hashing(service.scheduler))
        return service.hash_port ? dataplane::Hashed::client_port : dataplane::Hashed::client;
    return service.persistence.count() != 0 ? dataplane::Hashed::client_network
                                            : dataplane::Hashed::tuple;
}

} // namespace

void Roster::warm_up(ServiceRecord& service, SlowStart::Clock::time_point now) {
    service.warms_up = false;
    for (const BackendSlot slot : service.backends) {
        BackendRecord& record = backends_[slot];
        if (record.is_up())
            record.step = record.slow_start.up(now, service.config.slow_start);
        else if (record.health == Health::down || record.disabled)
            record.slow_start.down();
        service.warms_up |= record.is_up() && record.step < SlowStart::steps &&
                            !is_hashing(service.config.scheduler);
    }
}

// The weight that scheduling sees: finer while a backend has only a part of its own.
std::uint32_t Roster::share_of(const ServiceRecord& service, const BackendRecord& record) const {
    const std::uint32_t weight = is_weighted(service.config.scheduler) ? record.weight() : 1;
    return service.warms_up ? weight * record.step : weight;
}

void Roster::rebuild_ring(ServiceSlot slot) {
    ServiceRecord& service = services_[slot];
    std::vector<dataplane::Weighted> members;
    for (const BackendSlot backend : service.backends)
        if (backends_[backend].takes_new_connections())
            members.push_back({backend, share_of(service, backends_[backend])});
    std::vector<BackendSlot> ring = dataplane::smooth_ring(members);
    if (ring == service.ring && service.ring_version != 0) return;
    service.ring = std::move(ring);
    ++service.ring_version;
}

dataplane::ServiceEntry Roster::entry_of(ServiceSlot slot) const {
    const ServiceRecord& record = services_[slot];
    const config::Service& configured = record.config;
    dataplane::ServiceEntry entry;
    entry.vip = configured.address.bytes;
    entry.ipv6 = configured.address.family == config::IpAddress::Family::v6;
    entry.port = rte_cpu_to_be_16(configured.port);
    entry.protocol = static_cast<std::uint8_t>(configured.protocol);
    entry.on_no_backend = static_cast<dataplane::NoBackendPolicy>(configured.on_no_backend);
    entry.on_unknown_tcp = static_cast<dataplane::UnknownTcpPolicy>(configured.on_unknown_tcp);
    entry.discipline = discipline_of(configured.scheduler);
    if (record.warms_up && entry.discipline == dataplane::Discipline::least)
        entry.discipline = dataplane::Discipline::weighted_least;
    entry.hashed = hashed_of(configured);
    entry.decrement_ttl = configured.decrement_ttl;
    entry.persistence = ticks(configured.persistence);
    entry.client_prefix = configured.persistence_prefix;
    entry.limit = configured.limits.connections_per_client;
    entry.limit_prefix = configured.limits.client_prefix;
    entry.timeouts = timeouts_of(configured.timeouts);
    entry.ring_version = record.ring_version;
    entry.ring = record.ring;
    for (const BackendSlot backend : record.backends)
        if (backends_[backend].takes_new_connections()) entry.members.push_back(backend);
    return entry;
}

TablePlan::Hash Roster::hash_of(const ServiceRecord& service) const {
    const bool weighted = is_weighted(service.config.scheduler);
    TablePlan::Hash hash;
    hash.by_source = service.config.scheduler == config::Scheduler::sh;
    for (const BackendSlot slot : service.backends) {
        const BackendRecord& record = backends_[slot];
        const std::uint32_t weight = weighted ? record.weight() : 1;
        hash.members.push_back(
            {{{slot, weight}, identity_of(record)}, record.takes_new_connections()});
    }
    return hash;
}

dataplane::FlowFate Roster::fate_of(const BackendRecord& record) const {
    using dataplane::FlowFate;
    const config::Service& service = services_[record.service].config;
    if (!record.in_slot || !record.mac) return FlowFate::reschedule;
    if (!record.configured && service.on_backend_removed != config::BackendRemoved::drain)
        return service.on_backend_removed == config::BackendRemoved::reset ? FlowFate::reset
                                                                           : FlowFate::reschedule;
    // A neighbour entry that has just been lost is no reason to move a flow: the last address
    // serves until the health check judges.
    if (record.is_up()) return FlowFate::forward;
    switch (service.on_backend_down) {
        case config::BackendDown::keep:
            return FlowFate::keep;
        case config::BackendDown::reset:
            return FlowFate::reset;
        case config::BackendDown::reschedule:
            break;
    }
    return FlowFate::reschedule;
}

bool Roster::keeps_persistence(const BackendRecord& record) const {
    const bool honoured = services_[record.service].config.persistence_while_drained ==
                          config::PersistenceDrained::honour;
    return record.configured && record.mac_known && record.is_up() && !record.rests &&
           (record.weight() > 0 || honoured);
}

dataplane::BackendEntry Roster::entry_of(const BackendRecord& record) const {
    dataplane::BackendEntry entry;
    if (record.mac) std::memcpy(&entry.mac, record.mac->bytes.data(), sizeof(entry.mac));
    entry.interface = record.interface;
    entry.fate = fate_of(record);
    entry.keeps_persistence = keeps_persistence(record);
    entry.service = record.service;
    entry.generation = record.generation;
    constexpr std::uint32_t most = std::numeric_limits<std::uint16_t>::max();
    const ServiceRecord& service = services_[record.service];
    entry.weight = static_cast<std::uint16_t>(
        service.warms_up ? std::min(share_of(service, record), most) : record.weight());
    entry.upper_threshold = record.config.upper_threshold;
    entry.lower_threshold = record.config.lower_threshold;
    entry.tunnel = record.tunnel;
    return entry;
}

TablePlan Roster::plan(SlowStart::Clock::time_point now) {
    TablePlan plan;
    for (std::size_t index = 0; index < services_.size(); ++index) {
        const auto slot = static_cast<ServiceSlot>(index);
        ServiceRecord& service = services_[slot];
        if (service.configured) {
            judge_standing_of(service);
            warm_up(service, now);
            plan.live.push_back(slot);
        }
        rebuild_ring(slot);
        plan.services.push_back(entry_of(slot));
        plan.hashes.push_back(hash_of(service));
    }
    plan.backends.reserve(backends_.size());
    for (const BackendRecord& record : backends_) plan.backends.push_back(entry_of(record));
    plan.generation = ++generation_;
    return plan;
}

} // namespace lbd::control
