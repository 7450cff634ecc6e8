// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/metrics/families.h"

#include <array>
#include <boost/json/array.hpp>
#include <functional>
#include <map>
#include <span>
#include <tuple>

#include "lb/control/metrics/exposition.h"

namespace lbd::control::metrics {

namespace json = boost::json;

namespace {

constexpr Type counter = Type::counter;
constexpr Type gauge = Type::gauge;

// A number of lbctl's documents, under its name for Prometheus and in its unit.
struct Figure {
    std::string_view key;
    std::string_view name;
    Type type;
    std::string_view help;
    double unit = 1;
};

constexpr std::array worker_figures{
    Figure{"rx_packets", "lbd_worker_receive_packets_total", counter, "Packets from the ports."},
    Figure{"tx_packets", "lbd_worker_transmit_packets_total", counter, "Packets to the ports."},
    Figure{"forwarded", "lbd_worker_forwarded_packets_total", counter, "Packets to backends."},
    Figure{"split", "lbd_worker_split_packets_total", counter,
           "Pieces of packets that were cut, beyond the first."},
    Figure{"answered", "lbd_worker_answered_packets_total", counter,
           "Packets dropped whose senders were told."},
    Figure{"fragments_held", "lbd_worker_fragments_held", gauge,
           "Fragments that wait for their first one."},
    Figure{"stateless", "lbd_worker_stateless_packets_total", counter,
           "Packets forwarded by consistent hash, without a flow."},
    Figure{"handed_over", "lbd_worker_handed_over_packets_total", counter,
           "Packets handed to another worker."},
    Figure{"polls", "lbd_worker_polls_total", counter, "Rounds over the ports."},
    Figure{"cycles", "lbd_worker_cycles_total", counter, "Processor cycles."},
    Figure{"busy_cycles", "lbd_worker_busy_cycles_total", counter,
           "Processor cycles of rounds that had packets."},
    Figure{"busy_percent", "lbd_worker_busy_ratio", gauge,
           "Share of the cycles since the start that had packets.", 0.01},
    Figure{"flows", "lbd_worker_flows", gauge, "IPv4 flows remembered."},
    Figure{"flow_capacity", "lbd_worker_flow_capacity", gauge, "IPv4 flows there is room for."},
    Figure{"flows6", "lbd_worker_flows6", gauge, "IPv6 flows remembered."},
    Figure{"flow_capacity6", "lbd_worker_flow_capacity6", gauge, "IPv6 flows there is room for."},
    Figure{"evicted", "lbd_worker_evicted_flows_total", counter,
           "Flows that gave way to others in a full table."},
    Figure{"persistence_entries", "lbd_worker_persistence_entries", gauge,
           "Clients remembered for persistence."},
};

constexpr std::array port_figures{
    Figure{"rx_packets", "lbd_port_receive_packets_total", counter, "Packets received."},
    Figure{"rx_bytes", "lbd_port_receive_bytes_total", counter, "Bytes received."},
    Figure{"rx_missed", "lbd_port_receive_missed_packets_total", counter,
           "Packets the device dropped because its queues were full."},
    Figure{"rx_no_buffer", "lbd_port_receive_no_buffer_total", counter,
           "Times there was no packet buffer."},
    Figure{"tx_packets", "lbd_port_transmit_packets_total", counter, "Packets sent."},
    Figure{"tx_bytes", "lbd_port_transmit_bytes_total", counter, "Bytes sent."},
    Figure{"buffers", "lbd_port_buffers", gauge, "Packet buffers."},
    Figure{"buffers_in_use", "lbd_port_buffers_in_use", gauge, "Packet buffers that are taken."},
};

constexpr std::array host_figures{
    Figure{"punted", "lbd_host_packets_total", counter, "Packets to the host."},
    Figure{"punt_dropped", "lbd_host_dropped_packets_total", counter,
           "Packets to the host that were dropped."},
    Figure{"not_accepted", "lbd_host_not_accepted_packets_total", counter,
           "Packets to the host for addresses that it does not accept."},
    Figure{"from_host", "lbd_host_sent_packets_total", counter, "Packets from the host."},
    Figure{"from_host_dropped", "lbd_host_sent_dropped_packets_total", counter,
           "Packets from the host that were dropped."},
};

constexpr std::array drop_figures{
    Figure{"packets", "lbd_dropped_packets_total", counter, "Packets dropped, by reason."}};

constexpr std::array vrrp_figures{
    Figure{"effective_priority", "lbd_vrrp_priority", gauge,
           "Priority, lowered by what is tracked."},
    Figure{"priority", "lbd_vrrp_configured_priority", gauge, "Priority of the configuration."},
    Figure{"ready", "lbd_vrrp_ready", gauge, "1 if the instance may be master."},
    Figure{"since_seconds", "lbd_vrrp_state_age_seconds", gauge, "Time in the state."},
    Figure{"adverts_sent", "lbd_vrrp_adverts_sent_total", counter, "Adverts sent."},
    Figure{"adverts_received", "lbd_vrrp_adverts_received_total", counter, "Adverts accepted."},
    Figure{"send_errors", "lbd_vrrp_send_errors_total", counter, "Adverts that could not be sent."},
    Figure{"transitions", "lbd_vrrp_transitions_total", counter, "Changes of state."},
    Figure{"rival_adverts", "lbd_vrrp_rival_adverts_total", counter,
           "Adverts of another master while this one was master."},
};

constexpr std::array peer_figures{
    Figure{"lag_seconds", "lbd_sync_peer_lag_seconds", gauge,
           "Age of the oldest entry that the peer has not acknowledged."},
    Figure{"unacknowledged", "lbd_sync_peer_unacknowledged_datagrams", gauge,
           "Datagrams that the peer has not acknowledged."},
    Figure{"entries_received", "lbd_sync_peer_received_entries_total", counter,
           "Entries from the peer."},
    Figure{"datagrams_lost", "lbd_sync_peer_lost_datagrams_total", counter,
           "Datagrams of the peer that did not come at first."},
    Figure{"duplicates", "lbd_sync_peer_duplicate_datagrams_total", counter,
           "Datagrams of the peer that came twice."},
    Figure{"joins", "lbd_sync_peer_joins_total", counter, "Times the peer joined."},
};

constexpr std::array sync_figures{
    Figure{"settled", "lbd_sync_settled", gauge,
           "1 if peers have told everything, or are not there."},
    Figure{"entries_sent", "lbd_sync_sent_entries_total", counter, "Entries sent."},
    Figure{"datagrams_sent", "lbd_sync_sent_datagrams_total", counter, "Datagrams sent."},
    Figure{"datagrams_repaired", "lbd_sync_repaired_datagrams_total", counter,
           "Datagrams sent again."},
    Figure{"full_transfers", "lbd_sync_full_transfers_total", counter,
           "Times everything was told."},
    Figure{"entries_imported", "lbd_sync_imported_entries_total", counter,
           "Entries of peers that workers took over."},
    Figure{"entries_refused", "lbd_sync_refused_entries_total", counter,
           "Entries of peers that workers did not take over."},
    Figure{"entries_unresolved", "lbd_sync_unresolved_entries_total", counter,
           "Entries of peers for services or backends that are not known here."},
    Figure{"overflows", "lbd_sync_overflows_total", counter,
           "Times more was to be told than there was room for."},
};

void put(Exposition& out, std::string_view labels, const json::value& value, double unit) {
    if (unit == 1 && value.is_uint64())
        out.sample(labels, value.as_uint64());
    else if (value.is_bool())
        out.sample(labels, std::uint64_t{value.as_bool()});
    else if (value.is_number())
        out.sample(labels, value.to_number<double>() * unit);
}

std::string_view text_in(const json::value& item, std::string_view key) {
    const json::string& text = item.at(key).as_string();
    return {text.data(), text.size()};
}

using LabelsOf = std::function<std::string(const json::value& item)>;

// By this label, whose value is under `key`.
LabelsOf by(std::string_view label, std::string_view key) {
    return [=](const json::value& item) { return text_of({{label, text_in(item, key)}}); };
}

std::string worker_label(const json::value& worker) {
    return text_of({{"worker", std::to_string(worker.at("id").to_number<std::uint64_t>())}});
}

void put(Exposition& out, const json::array& items, std::span<const Figure> figures,
         const LabelsOf& labels_of) {
    for (const Figure& figure : figures) {
        out.family(figure.name, figure.type, figure.help);
        for (const json::value& item : items)
            put(out, labels_of(item), item.at(figure.key), figure.unit);
    }
}

void put(Exposition& out, const json::value& item, std::span<const Figure> figures) {
    put(out, json::array{item}, figures, [](const json::value&) { return std::string(); });
}

// A family of one sample without labels.
template <class Number>
void put(Exposition& out, std::string_view name, Type type, std::string_view help, Number value) {
    out.family(name, type, help);
    out.sample("", value);
}

// A family with a sample for each item of `items`, whose labels are those at the same place.
template <class Item, class Value>
void put(Exposition& out, std::string_view name, Type type, std::string_view help,
         const std::vector<Item>& items, const std::vector<std::string>& labels, Value value) {
    out.family(name, type, help);
    for (std::size_t index = 0; index < items.size(); ++index)
        out.sample(labels[index], value(items[index]));
}

std::uint64_t number(bool value) {
    return value ? 1 : 0;
}

void put_director(Exposition& out, const Snapshot& snapshot) {
    out.family("lbd_build_info", gauge, "Version, and the name of the director.");
    out.sample(text_of({{"version", LBD_VERSION}, {"name", snapshot.name}}), std::uint64_t{1});
    put(out, "lbd_ready", gauge, "1 if the data plane is ready to serve.", number(snapshot.ready));
    put(out, "lbd_config_generation", counter, "Forwarding tables made since the start.",
        snapshot.director.at("config").at("generation").to_number<std::uint64_t>());
    out.family("lbd_config_reloads_total", counter, "Reloads of the configuration.");
    out.sample(text_of({{"result", "applied"}}), snapshot.reloads.applied);
    out.sample(text_of({{"result", "refused"}}), snapshot.reloads.refused);
    put(out, "lbd_metrics_collect_seconds", gauge,
        "Time for which collecting these metrics held up the control thread.",
        snapshot.collect_seconds);
}

void put_services(Exposition& out, const Snapshot& snapshot) {
    const auto& services = snapshot.services;
    std::vector<std::string> labels;
    labels.reserve(services.size());
    for (const Service& service : services) labels.push_back(text_of({{"service", service.name}}));
    out.family("lbd_service_info", gauge, "Where the service is.");
    for (const Service& service : services)
        out.sample(text_of({{"service", service.name},
                            {"address", service.address.text()},
                            {"port", std::to_string(service.port)},
                            {"protocol", name_of(service.protocol)}}),
                   std::uint64_t{1});
    put(out, "lbd_service_quorum", gauge, "1 if enough backends are up.", services, labels,
        [](const Service& service) { return number(service.quorum); });
    put(out, "lbd_service_checks_ignored", gauge, "1 if too few backends are up to believe it.",
        services, labels, [](const Service& service) { return number(service.checks_ignored); });
    put(out, "lbd_service_dropped_packets_total", counter, "Packets for the service dropped.",
        services, labels, [](const Service& service) { return service.dropped; });
}

void put_backends(Exposition& out, const Snapshot& snapshot) {
    const auto& backends = snapshot.backends;
    std::vector<std::string> labels;
    labels.reserve(backends.size());
    for (const Backend& backend : backends)
        labels.push_back(text_of({{"service", snapshot.services[backend.service].name},
                                  {"address", backend.address.text()}}));
    const auto family = [&](std::string_view name, Type type, std::string_view help, auto value) {
        put(out, name, type, help, backends, labels, value);
    };
    family("lbd_backend_up", gauge, "1 if it is up by its checks, and not disabled.",
           [](const Backend& backend) { return number(backend.up); });
    family("lbd_backend_serving", gauge, "1 if it takes new connections.",
           [](const Backend& backend) { return number(backend.serving); });
    family("lbd_backend_suspected", gauge, "1 if clients get no further than their SYN.",
           [](const Backend& backend) { return number(backend.suspected); });
    family("lbd_backend_weight", gauge, "Weight.",
           [](const Backend& backend) { return std::uint64_t{backend.weight}; });
    family("lbd_backend_share_ratio", gauge, "Share of its weight, while it starts slowly.",
           [](const Backend& backend) { return backend.share_percent / 100.0; });
    family("lbd_backend_packets_total", counter, "Packets of clients to it.",
           [](const Backend& backend) { return backend.totals.packets; });
    family("lbd_backend_bytes_total", counter, "Bytes of clients to it.",
           [](const Backend& backend) { return backend.totals.bytes; });
    family("lbd_backend_connections_total", counter, "New connections.",
           [](const Backend& backend) { return backend.totals.connections; });
    family("lbd_backend_active_connections", gauge, "Established connections.",
           [](const Backend& backend) { return backend.totals.active; });
    family("lbd_backend_inactive_connections", gauge, "Connections in other states.",
           [](const Backend& backend) { return backend.totals.inactive; });
    family("lbd_backend_persistence_entries", gauge, "Clients bound to it.",
           [](const Backend& backend) { return backend.totals.persistent; });
}

// Checks of one kind at one place differ in what they ask for, and are numbered.
std::vector<std::string> labels_of(const std::vector<health::CheckFigures>& checks) {
    std::map<std::tuple<boost::asio::ip::address, std::uint16_t, health::Probe::Kind>, unsigned>
        seen;
    std::vector<std::string> labels;
    labels.reserve(checks.size());
    for (const health::CheckFigures& check : checks) {
        const unsigned number = ++seen[{check.address, check.port, check.kind}];
        labels.push_back(text_of({{"address", check.address.to_string()},
                                  {"port", std::to_string(check.port)},
                                  {"type", health::name_of(check.kind)},
                                  {"number", std::to_string(number)}}));
    }
    return labels;
}

void put_checks(Exposition& out, const std::vector<health::CheckFigures>& checks) {
    using Check = health::CheckFigures;
    const std::vector<std::string> labels = labels_of(checks);
    const auto family = [&](std::string_view name, Type type, std::string_view help, auto value) {
        put(out, name, type, help, checks, labels, value);
    };
    family("lbd_check_up", gauge, "1 if the check calls the backend up.",
           [](const Check& check) { return number(check.verdict == health::Verdict::up); });
    family("lbd_check_judged", gauge, "0 until the check has called the backend up or down.",
           [](const Check& check) { return number(check.verdict != health::Verdict::unknown); });
    family("lbd_check_attempts_total", counter, "Attempts.",
           [](const Check& check) { return check.attempts; });
    family("lbd_check_failures_total", counter, "Attempts that failed.",
           [](const Check& check) { return check.failures; });
    family("lbd_check_local_errors_total", counter, "Attempts that this machine could not make.",
           [](const Check& check) { return check.local_errors; });
    family("lbd_check_duration_seconds", gauge, "Of the last attempt.", [](const Check& check) {
        return std::chrono::duration<double>(check.last_duration).count();
    });
}

void put_ports(Exposition& out, const json::array& ports) {
    out.family("lbd_port_up", gauge, "1 if there is a link.");
    for (const json::value& port : ports)
        out.sample(by("port", "name")(port), number(text_in(port, "link") == "up"));
    put(out, ports, port_figures, by("port", "name"));
}

// Of rejected messages, by reason; more labels may come first.
void put_rejected(Exposition& out, const json::value& rejected, std::string_view instance) {
    for (const auto& [reason, count] : rejected.as_object()) {
        const std::string labels = instance.empty()
                                       ? text_of({{"reason", reason}})
                                       : text_of({{"vrrp_instance", instance}, {"reason", reason}});
        put(out, labels, count, 1);
    }
}

void put_vrrp(Exposition& out, const json::array& instances) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 4> states{
        {{"MASTER", "master"}, {"BACKUP", "backup"}, {"INIT", "init"}, {"FAULT", "fault"}}};
    out.family("lbd_vrrp_state", gauge, "1 for the state that the instance is in.");
    for (const json::value& instance : instances)
        for (const auto& [name, label] : states)
            out.sample(text_of({{"vrrp_instance", text_in(instance, "name")}, {"state", label}}),
                       number(text_in(instance, "state") == name));
    put(out, instances, vrrp_figures, by("vrrp_instance", "name"));
    out.family("lbd_vrrp_adverts_rejected_total", counter, "Adverts not accepted, by reason.");
    for (const json::value& instance : instances)
        put_rejected(out, instance.at("rejected"), text_in(instance, "name"));
}

void put_sync(Exposition& out, const json::value& sync) {
    if (!sync.at("enabled").as_bool()) return;
    put(out, sync, sync_figures);
    out.family("lbd_sync_rejected_datagrams_total", counter, "Datagrams not accepted, by reason.");
    put_rejected(out, sync.at("rejected"), {});
    put(out, sync.at("peers").as_array(), peer_figures, by("peer", "address"));
}

void put_process(Exposition& out, double uptime, const Process& process) {
    put(out, "lbd_uptime_seconds", gauge, "Time since the start.", uptime);
    put(out, "process_cpu_seconds_total", counter, "Processor time used.", process.cpu_seconds);
    put(out, "process_resident_memory_bytes", gauge, "Resident memory.", process.resident_bytes);
    put(out, "process_virtual_memory_bytes", gauge, "Virtual memory.", process.virtual_bytes);
    put(out, "process_open_fds", gauge, "Open descriptors.", process.open_descriptors);
    put(out, "process_max_fds", gauge, "Descriptors that may be open.", process.most_descriptors);
    put(out, "process_start_time_seconds", gauge, "Start, since the epoch.", process.start_seconds);
}

} // namespace

std::string text_of(const Snapshot& snapshot, const Process& process) {
    Exposition out;
    const json::object& director = snapshot.director;
    put_director(out, snapshot);
    put_services(out, snapshot);
    put_backends(out, snapshot);
    put_checks(out, snapshot.checks);
    put(out, director.at("workers").as_array(), worker_figures, worker_label);
    put_ports(out, director.at("ports").as_array());
    put(out, director.at("host"), host_figures);
    put(out, director.at("drops").as_array(), drop_figures, by("reason", "reason"));
    put_vrrp(out, snapshot.vrrp.at("instances").as_array());
    put_sync(out, snapshot.sync);
    put_process(out, director.at("uptime_seconds").as_double(), process);
    return out.take();
}

} // namespace lbd::control::metrics
