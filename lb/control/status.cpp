// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/status.h"

#include <array>
#include <boost/json/array.hpp>

namespace lbd::control {

namespace json = boost::json;

std::string_view scheduler_name(config::Scheduler scheduler) {
    constexpr std::array<std::string_view, 6> names{"rr", "wrr", "lc", "wlc", "sh", "mh"};
    return names.at(static_cast<std::size_t>(scheduler));
}

std::string_view forwarding_name(config::Forwarding forwarding) {
    constexpr std::array<std::string_view, 3> names{"dr", "ipip", "gue"};
    return names.at(static_cast<std::size_t>(forwarding));
}

namespace {

void put_totals(json::object& object, const Totals& totals, const Rates& rates) {
    put(object, totals);
    json::object a_second;
    a_second["connections_per_second"] = rates.connections;
    a_second["packets_per_second"] = rates.packets;
    a_second["bytes_per_second"] = rates.bytes;
    object["rates"] = std::move(a_second);
}

json::object backend_status(const StatusSources& sources, dataplane::BackendSlot slot,
                            const Totals& totals, const Rates& rates) {
    const BackendRecord& record = sources.roster.backends()[slot];
    json::object object;
    object["address"] = record.config.address.text();
    object["port"] = record.config.port;
    object["forwarding"] = forwarding_name(record.config.forwarding);
    object["weight"] = record.weight();
    object["configured_weight"] = record.config.weight;
    object["by_hand"] = record.disabled || record.weight_by_hand.has_value();
    object["state"] = record.state();
    object["suspected"] = sources.passive_checks.suspected(slot);
    object["share_percent"] = 100 * record.step / SlowStart::steps;
    if (record.mac)
        object["mac"] = record.mac->text();
    else
        object["mac"] = nullptr;
    put_totals(object, totals, rates);
    return object;
}

json::object service_status(const StatusSources& sources, dataplane::ServiceSlot slot) {
    const ServiceRecord& record = sources.roster.services()[slot];
    json::object object;
    object["name"] = record.config.name;
    object["protocol"] = name_of(record.config.protocol);
    object["address"] = record.config.address.text();
    object["port"] = record.config.port;
    object["scheduler"] = scheduler_name(record.config.scheduler);
    object["persistence_seconds"] = record.config.persistence.count();
    object["persistence_prefix"] = record.config.persistence_prefix;
    object["quorum"] = record.standing.quorum.value_or(false);
    object["checks_ignored"] = record.standing.checks_ignored;
    Totals totals;
    Rates rates;
    json::array backends;
    // Removed backends stay in the list for as long as connections hold them.
    const auto& records = sources.roster.backends();
    for (std::size_t backend = 0; backend < records.size(); ++backend) {
        if (!records[backend].in_slot || records[backend].service != slot) continue;
        const auto backend_slot = static_cast<dataplane::BackendSlot>(backend);
        const Totals counted = sources.traffic.totals(sources.engine, sources.roster, backend_slot);
        const Rates measured = sources.traffic.rates(backend_slot);
        totals += counted;
        rates += measured;
        backends.push_back(backend_status(sources, backend_slot, counted, measured));
    }
    put_totals(object, totals, rates);
    std::uint64_t dropped = 0;
    for (std::size_t worker = 0; worker < sources.engine.workers(); ++worker)
        dropped += sources.engine.worker(worker).counters().service_drops[slot].get();
    object["dropped"] = dropped;
    object["backends"] = std::move(backends);
    return object;
}

json::array workers_status(const StatusSources& sources) {
    json::array workers;
    for (std::size_t index = 0; index < sources.engine.workers(); ++index) {
        const dataplane::Worker& worker = sources.engine.worker(index);
        const dataplane::WorkerCounters& counters = worker.counters();
        const double cycles = static_cast<double>(counters.cycles.get());
        json::object object;
        object["id"] = index;
        object["core"] = sources.engine.worker_core(index);
        object["pinned"] = !sources.config.workers.cores.empty();
        object["rx_packets"] = counters.received.get();
        object["tx_packets"] = counters.sent.get();
        object["forwarded"] = counters.forwarded.get();
        object["split"] = counters.split.get();
        object["answered"] = counters.answered.get();
        object["fragments_held"] = counters.fragments_held.get();
        object["stateless"] = counters.stateless.get();
        object["handed_over"] = counters.handed_over.get();
        object["tx_dropped"] =
            counters.drops[static_cast<std::size_t>(dataplane::DropReason::tx_full)].get();
        object["polls"] = counters.polls.get();
        object["cycles"] = counters.cycles.get();
        object["busy_cycles"] = counters.busy_cycles.get();
        object["busy_percent"] =
            cycles > 0 ? 100 * static_cast<double>(counters.busy_cycles.get()) / cycles : 0.0;
        object["flows"] = counters.flows.get();
        object["flow_capacity"] = worker.flow_capacity();
        object["flows6"] = counters.flows6.get();
        object["flow_capacity6"] = worker.flow_capacity6();
        object["evicted"] = counters.evicted.get();
        object["persistence_entries"] = counters.persistence_entries.get();
        workers.push_back(std::move(object));
    }
    return workers;
}

json::array ports_status(const StatusSources& sources) {
    json::array ports;
    for (std::size_t index = 0; index < sources.engine.ports(); ++index) {
        const dataplane::Port& port = sources.engine.port(index);
        const dataplane::PortStatistics statistics = port.statistics();
        json::object object;
        object["name"] = sources.config.ports[index].name;
        object["link"] = port.link_up() ? "up" : "down";
        object["rx_packets"] = statistics.rx_packets;
        object["rx_bytes"] = statistics.rx_bytes;
        object["rx_missed"] = statistics.rx_missed;
        object["rx_no_buffer"] = statistics.rx_no_buffer;
        object["tx_packets"] = statistics.tx_packets;
        object["tx_bytes"] = statistics.tx_bytes;
        object["buffers"] = statistics.buffers;
        object["buffers_in_use"] = statistics.buffers_in_use;
        ports.push_back(std::move(object));
    }
    return ports;
}

json::array drops_status(dataplane::Engine& engine) {
    json::array drops;
    for (std::size_t reason = 1; reason < dataplane::drop_reason_count; ++reason) {
        std::uint64_t packets = 0;
        for (std::size_t worker = 0; worker < engine.workers(); ++worker)
            packets += engine.worker(worker).counters().drops[reason].get();
        json::object object;
        object["reason"] = dataplane::drop_reason_texts[reason].name;
        object["text"] = dataplane::drop_reason_texts[reason].text;
        object["packets"] = packets;
        drops.push_back(std::move(object));
    }
    return drops;
}

json::object host_status(const StatusSources& sources) {
    using dataplane::DropReason;
    json::object object;
    std::uint64_t punted = 0;
    std::uint64_t punt_dropped = 0;
    std::uint64_t from_host = 0;
    std::uint64_t from_host_dropped = sources.bridge.dropped_from_host();
    for (std::size_t index = 0; index < sources.engine.workers(); ++index) {
        const dataplane::WorkerCounters& counters = sources.engine.worker(index).counters();
        punted += counters.punted.get();
        punt_dropped += counters.drops[static_cast<std::size_t>(DropReason::punt_full)].get();
        from_host += counters.from_host.get();
        from_host_dropped += counters.from_host_discarded.get();
    }
    object["punted"] = punted;
    object["punt_dropped"] = punt_dropped + sources.bridge.dropped_to_host();
    object["not_accepted"] = sources.bridge.not_accepted();
    object["from_host"] = from_host;
    object["from_host_dropped"] = from_host_dropped;
    return object;
}

} // namespace

std::string_view name_of(config::Protocol protocol) {
    return protocol == config::Protocol::tcp ? "tcp" : "udp";
}

void put(json::object& object, const Totals& totals) {
    object["packets"] = totals.packets;
    object["bytes"] = totals.bytes;
    object["connections"] = totals.connections;
    object["active_connections"] = totals.active;
    object["inactive_connections"] = totals.inactive;
    object["persistence_entries"] = totals.persistent;
}

json::object services_status(const StatusSources& sources) {
    json::array services;
    const auto& records = sources.roster.services();
    for (std::size_t slot = 0; slot < records.size(); ++slot)
        if (records[slot].configured)
            services.push_back(service_status(sources, static_cast<dataplane::ServiceSlot>(slot)));
    json::object data;
    data["services"] = std::move(services);
    return data;
}

json::object director_status(const StatusSources& sources) {
    json::object data;
    data["uptime_seconds"] = sources.uptime_seconds;
    json::object configuration;
    configuration["generation"] = sources.roster.generation();
    data["config"] = std::move(configuration);
    data["workers"] = workers_status(sources);
    data["ports"] = ports_status(sources);
    data["host"] = host_status(sources);
    data["drops"] = drops_status(sources.engine);
    data["notifications"] = sources.notifier.status();
    return data;
}

json::object stats_status(const StatusSources& sources) {
    json::object data = services_status(sources);
    for (auto& member : director_status(sources))
        data.insert_or_assign(member.key(), std::move(member.value()));
    return data;
}

} // namespace lbd::control
