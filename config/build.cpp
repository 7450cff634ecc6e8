// SPDX-License-Identifier: BSD-3-Clause
#include "config/build.h"

#include <algorithm>
#include <initializer_list>
#include <stdexcept>

#include "config/check.h"

namespace lbd::config {

namespace {

// A missing value here is a key that the schema spells otherwise or gives no default.
template <class T>
const T& the(const Node& node) {
    const auto* value = node.get<T>();
    if (value == nullptr) {
        throw std::logic_error("configuration without a value for " + node.path);
    }
    return *value;
}

template <class T>
std::optional<T> maybe(const Node& node) {
    const auto* value = node.get<T>();
    return value != nullptr ? std::optional<T>(*value) : std::nullopt;
}

template <class Integer>
Integer integer(const Node& node) {
    return static_cast<Integer>(the<std::uint64_t>(node));
}

Seconds seconds(const Node& node) {
    return std::chrono::duration_cast<Seconds>(the<Milliseconds>(node));
}

// The same section at several levels, the innermost first.
class Layers {
  public:
    Layers(std::initializer_list<const Node*> layers) : layers_(layers) {}

    const Node& operator[](std::string_view key) const {
        for (const auto* layer : layers_) {
            const auto& node = (*layer)[key];
            if (node.get<std::monostate>() == nullptr) {
                return node;
            }
        }
        return (*layers_.back())[key];
    }

  private:
    std::vector<const Node*> layers_;
};

Port build_port(const Node& node) {
    return {.name = the<std::string>(node["name"]),
            .device = the<Device>(node["device"]),
            .addresses = prefixes_of(node["addresses"]),
            .gateway = maybe<IpAddress>(node["gateway"]),
            .mtu = integer<std::uint16_t>(node["mtu"]),
            .rx_descriptors = integer<std::uint16_t>(node["rx_descriptors"]),
            .tx_descriptors = integer<std::uint16_t>(node["tx_descriptors"])};
}

Workers build_workers(const Node& node) {
    std::vector<unsigned> cores;
    for (const auto& core : node["cores"].items) {
        cores.push_back(integer<unsigned>(core));
    }
    const auto implied = std::max<std::uint64_t>(1, cores.size());
    const auto count = maybe<std::uint64_t>(node["count"]).value_or(implied);
    return {.count = static_cast<unsigned>(count),
            .cores = std::move(cores),
            .idle = node["idle"].is("sleep") ? Workers::Idle::sleep : Workers::Idle::poll};
}

Memory build_memory(const Node& node) {
    return {.hugepages = the<bool>(node["hugepages"]),
            .megabytes = integer<unsigned>(node["megabytes"]),
            .packet_buffers = integer<unsigned>(node["packet_buffers"]),
            .flows = integer<std::uint32_t>(node["flows"]),
            .persistence_entries = integer<std::uint32_t>(node["persistence_entries"])};
}

Control build_control(const Node& node, const std::string& name) {
    const auto core = maybe<std::uint64_t>(node["core"]);
    return {.socket = maybe<std::string>(node["socket"]).value_or("/run/lbd/" + name + ".sock"),
            .group = maybe<std::string>(node["group"]).value_or(""),
            .core = core ? std::optional<unsigned>(static_cast<unsigned>(*core)) : std::nullopt,
            .realtime_priority = integer<unsigned>(node["realtime_priority"])};
}

VrrpInstance build_instance(const Node& root, const Node& node) {
    std::optional<VrrpAuthentication> authentication;
    if (const auto password = maybe<std::string>(node["password"])) {
        authentication = VrrpAuthentication{.password = *password};
    }
    return {.name = the<std::string>(node["name"]),
            .port = the<std::string>((*port_of_instance(root, node))["name"]),
            .version = node["version"].is("2") ? 2U : 3U,
            .vrid = integer<std::uint8_t>(node["vrid"]),
            .priority = integer<std::uint8_t>(node["priority"]),
            .interval = the<Milliseconds>(node["interval"]),
            .preempt = the<bool>(node["preempt"]),
            .preempt_delay = seconds(node["preempt_delay"]),
            .start_as_master = node["state"].is("master"),
            .authentication = authentication,
            .virtual_addresses = prefixes_of(node["virtual_addresses"]),
            .garp_repeat = integer<unsigned>(node["garp_repeat"]),
            .garp_delay = seconds(node["garp_delay"]),
            .garp_refresh = seconds(node["garp_refresh"])};
}

// Opening a TCP connection says nothing of a UDP service, so the default of all services does not
// reach it: only its own word or a backend's does.
HealthCheck::Kind check_kind(const Node& root, const Node& service, const Node& backend) {
    const Layers own{&backend["health"], &service["health"]};
    const auto& type = own["type"].text() != nullptr || service["protocol"].is("udp")
                           ? own["type"]
                           : root["health"]["type"];
    if (type.text() == nullptr) {
        return service["protocol"].is("udp") ? HealthCheck::Kind::none : HealthCheck::Kind::tcp;
    }
    return type.is("none") ? HealthCheck::Kind::none : HealthCheck::Kind::tcp;
}

HealthCheck build_health(const Node& root, const Node& service, const Node& backend) {
    const Layers layers{&backend["health"], &service["health"], &root["health"]};
    const auto port = maybe<std::uint64_t>(layers["port"]);
    return {.kind = check_kind(root, service, backend),
            .interval = the<Milliseconds>(layers["interval"]),
            .connect_timeout = the<Milliseconds>(layers["connect_timeout"]),
            .retries = integer<unsigned>(layers["retries"]),
            .delay_before_retry = the<Milliseconds>(layers["delay_before_retry"]),
            .rise = integer<unsigned>(layers["rise"]),
            .initially_up = the<bool>(layers["initially_up"]),
            .port = port ? std::optional<std::uint16_t>(static_cast<std::uint16_t>(*port))
                         : std::nullopt};
}

Timeouts build_timeouts(const Node& root, const Node& service) {
    const Layers layers{&service["timeouts"], &root["timeouts"]};
    return {.tcp_established = seconds(layers["tcp_established"]),
            .tcp_syn = seconds(layers["tcp_syn"]),
            .tcp_fin = seconds(layers["tcp_fin"]),
            .tcp_close = seconds(layers["tcp_close"]),
            .udp = seconds(layers["udp"])};
}

Backend build_backend(const Node& root, const Node& service, const Node& node) {
    return {.address = the<IpAddress>(node["address"]),
            .port = integer<std::uint16_t>(service["port"]),
            .weight = integer<std::uint32_t>(node["weight"]),
            .mac = maybe<MacAddress>(node["mac"]),
            .health = build_health(root, service, node)};
}

UnknownTcp unknown_tcp(const Node& node) {
    return node.is("drop")       ? UnknownTcp::drop
           : node.is("schedule") ? UnknownTcp::schedule
                                 : UnknownTcp::hash;
}

BackendDown backend_down(const Node& node) {
    return node.is("keep")    ? BackendDown::keep
           : node.is("reset") ? BackendDown::reset
                              : BackendDown::reschedule;
}

Service build_service(const Node& root, const Node& node) {
    Service service{
        .name = the<std::string>(node["name"]),
        .port_name = the<std::string>((*port_behind_service(root, node))["name"]),
        .address = the<IpAddress>(node["address"]),
        .port = integer<std::uint16_t>(node["port"]),
        .protocol = node["protocol"].is("udp") ? Protocol::udp : Protocol::tcp,
        .scheduler = node["scheduler"].is("rr") ? Scheduler::rr : Scheduler::wrr,
        .persistence = seconds(node["persistence"]),
        .persistence_prefix = integer<std::uint8_t>(node["persistence_prefix"]),
        .on_no_backend = node["on_no_backend"].is("reject") ? NoBackend::reject : NoBackend::drop,
        .on_unknown_tcp = unknown_tcp(node["on_unknown_tcp"]),
        .on_backend_down = backend_down(node["on_backend_down"]),
        .timeouts = build_timeouts(root, node),
        .backends = {}};
    for (const auto& backend : node["backends"].items) {
        service.backends.push_back(build_backend(root, node, backend));
    }
    return service;
}

} // namespace

Config build(const Node& root) {
    const auto& name = the<std::string>(root["name"]);
    Config config{.name = name,
                  .workers = build_workers(root["workers"]),
                  .memory = build_memory(root["memory"]),
                  .control = build_control(root["control"], name),
                  .ports = {},
                  .vrrp = {},
                  .services = {}};
    for (const auto& port : root["ports"].items) {
        config.ports.push_back(build_port(port));
    }
    for (const auto& instance : root["vrrp"].items) {
        config.vrrp.push_back(build_instance(root, instance));
    }
    for (const auto& service : root["services"].items) {
        config.services.push_back(build_service(root, service));
    }
    return config;
}

} // namespace lbd::config
