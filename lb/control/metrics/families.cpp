// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/metrics/families.h"

#include <array>
#include <boost/json/array.hpp>
#include <functional>
#include <map>
#include <span>
#include <tuple>

#include "lb/build_info/build_info.h"
#include "lb/control/metrics/exposition.h"
#include "lb/control/metrics/figures.h"

namespace lbd::control::metrics {

namespace json = boost::json;

namespace {

constexpr Type counter = Type::counter;
constexpr Type gauge = Type::gauge;

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
    const BuildInfo& build = build_info();
    out.family("lbd_build_info", gauge,
               "Version, commit, DPDK and compiler of this build, and the director's name.");
    out.sample(text_of({{"version", build.version},
                        {"commit", build.commit},
                        {"dpdk", build.dpdk},
                        {"compiler", build.compiler},
                        {"name", snapshot.name}}),
               std::uint64_t{1});
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
