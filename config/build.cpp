// SPDX-License-Identifier: BSD-3-Clause
#include "config/build.h"

#include "config/build_parts.h"

namespace lbd::config {

namespace {

Port build_port(const NetworkNode& network) {
    const Node& node = *network.node;
    return {.name = network.name,
            .device = the<Device>(node["device"]),
            .addresses = network.subnets,
            .gateway = maybe<IpAddress>(node["gateway"]),
            .gateway6 = maybe<IpAddress>(node["gateway6"]),
            .vlans = {},
            .mtu = integer<std::uint16_t>(node["mtu"]),
            .rx_descriptors = integer<std::uint16_t>(node["rx_descriptors"]),
            .tx_descriptors = integer<std::uint16_t>(node["tx_descriptors"])};
}

Vlan build_vlan(const NetworkNode& network) {
    const Node& node = *network.node;
    return {.name = network.name,
            .id = integer<std::uint16_t>(node["id"]),
            .addresses = network.subnets,
            .gateway = maybe<IpAddress>(node["gateway"]),
            .gateway6 = maybe<IpAddress>(node["gateway6"])};
}

std::vector<Port> build_ports(const NetworkNodes& networks) {
    std::vector<Port> ports;
    for (const auto& network : networks) {
        if (network.tagged) {
            ports.back().vlans.push_back(build_vlan(network));
        } else {
            ports.push_back(build_port(network));
        }
    }
    return ports;
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
            .persistence_entries = integer<std::uint32_t>(node["persistence_entries"]),
            .flows6 = integer<std::uint32_t>(node["flows6"]),
            .persistence_entries6 = integer<std::uint32_t>(node["persistence_entries6"]),
            .fragments = integer<std::uint32_t>(node["fragments"])};
}

Control build_control(const Node& node, const std::string& name) {
    const auto core = maybe<std::uint64_t>(node["core"]);
    std::vector<std::string> capabilities;
    for (const auto& item : node["script_capabilities"].items) {
        capabilities.push_back(the<std::string>(item));
    }
    return {.socket = maybe<std::string>(node["socket"]).value_or("/run/lbd/" + name + ".sock"),
            .group = maybe<std::string>(node["group"]).value_or(""),
            .core = core ? std::optional<unsigned>(static_cast<unsigned>(*core)) : std::nullopt,
            .realtime_priority = integer<unsigned>(node["realtime_priority"]),
            .core_dumps = the<bool>(node["core_dumps"]),
            .script_capabilities = std::move(capabilities)};
}

std::optional<Sync> build_sync(const NetworkNodes& networks, const Node& node) {
    if (!is_synchronised(node)) {
        return std::nullopt;
    }
    Sync sync{.address = *sync_address(networks, node),
              .peers = {},
              .multicast = maybe<IpAddress>(node["multicast"]),
              .udp_port = integer<std::uint16_t>(node["udp_port"]),
              .key = the<Secret>(node["key"]),
              .rate = integer<std::uint32_t>(node["rate"])};
    for (const auto& peer : node["peers"].items) {
        sync.peers.push_back(the<IpAddress>(peer));
    }
    return sync;
}

std::optional<Metrics> build_metrics(const Node& node) {
    if (!node.given) {
        return std::nullopt;
    }
    return Metrics{.listen = the<IpAddress>(node["listen"]),
                   .port = integer<std::uint16_t>(node["port"])};
}

} // namespace

Config build(const Node& root) {
    const auto& name = the<std::string>(root["name"]);
    const auto networks = network_nodes(root);
    Config config{.name = name,
                  .workers = build_workers(root["workers"]),
                  .memory = build_memory(root["memory"]),
                  .control = build_control(root["control"], name),
                  .ports = build_ports(networks),
                  .vrrp = {},
                  .services = {},
                  .sync = build_sync(networks, root["sync"]),
                  .notifications = build_notifications(root["notifications"]),
                  .metrics = build_metrics(root["metrics"]),
                  .capture = the<bool>(root["capture"])};
    for (const auto& instance : root["vrrp"].items) {
        config.vrrp.push_back(build_instance(networks, instance));
    }
    for (const auto& service : root["services"].items) {
        config.services.push_back(build_service(root, networks, service));
    }
    return config;
}

} // namespace lbd::config
