// SPDX-License-Identifier: BSD-3-Clause
#include "config/build_parts.h"
#include "config/layers.h"

namespace lbd::config {

namespace {

Timeouts build_timeouts(const Node& root, const Node& service) {
    const Layers layers{&service["timeouts"], &root["timeouts"]};
    return {.tcp_established = seconds(layers["tcp_established"]),
            .tcp_syn = seconds(layers["tcp_syn"]),
            .tcp_fin = seconds(layers["tcp_fin"]),
            .tcp_close = seconds(layers["tcp_close"]),
            .udp = seconds(layers["udp"]),
            .tcp_time_wait = seconds(layers["tcp_time_wait"])};
}

// IPVS: ip_vs_dest_totalconns() * 4 < u_threshold * 3, so rounded up: a backend with room for one
// connection takes the next when it has none.
std::uint32_t lower_threshold(const Node& backend) {
    const auto given = the<std::uint64_t>(backend["lower_threshold"]);
    const auto upper = the<std::uint64_t>(backend["upper_threshold"]);
    return static_cast<std::uint32_t>(given != 0 ? given : (upper * 3 + 3) / 4);
}

Backend build_backend(const Node& root, const Candidates& candidates, const Node& service,
                      const Node& node) {
    const auto way = way_to(candidates, service, node);
    const Layers layers{&node, &service};
    return {.address = the<IpAddress>(node["address"]),
            .port = integer<std::uint16_t>(service["port"]),
            .weight = integer<std::uint32_t>(node["weight"]),
            .mac = maybe<MacAddress>(node["mac"]),
            .checks = build_checks(root, service, node),
            .forwarding = choice<Forwarding>(
                forwarding_of(service, node),
                {{"dr", Forwarding::dr}, {"ipip", Forwarding::ipip}, {"gue", Forwarding::gue}}),
            .gue_port = integer<std::uint16_t>(layers["gue_port"]),
            .upper_threshold = integer<std::uint32_t>(node["upper_threshold"]),
            .lower_threshold = lower_threshold(node),
            .sorry = the<bool>(node["sorry"]),
            .port_name = way.network->name,
            .gateway = way.gateway,
            .notify = build_notify(node["notify"], Subject::backend)};
}

std::uint8_t client_prefix(const Node& service, const Node& node) {
    const bool v4 = the<IpAddress>(service["address"]).family == IpAddress::Family::v4;
    const std::uint64_t whole = v4 ? 32 : 128;
    return static_cast<std::uint8_t>(maybe<std::uint64_t>(node).value_or(whole));
}

} // namespace

Service build_service(const Node& root, const NetworkNodes& networks, const Node& node) {
    const auto& limits = node["limits"];
    Service service{
        .name = the<std::string>(node["name"]),
        .port_name = network_of_service(networks, node)->name,
        .address = the<IpAddress>(node["address"]),
        .port = integer<std::uint16_t>(node["port"]),
        .protocol =
            choice<Protocol>(node["protocol"], {{"tcp", Protocol::tcp}, {"udp", Protocol::udp}}),
        .scheduler = choice<Scheduler>(node["scheduler"], {{"rr", Scheduler::rr},
                                                           {"wrr", Scheduler::wrr},
                                                           {"lc", Scheduler::lc},
                                                           {"wlc", Scheduler::wlc},
                                                           {"sh", Scheduler::sh},
                                                           {"mh", Scheduler::mh}}),
        .persistence = seconds(node["persistence"]),
        .persistence_prefix = client_prefix(node, node["persistence_prefix"]),
        .on_no_backend = choice<NoBackend>(
            node["on_no_backend"], {{"drop", NoBackend::drop}, {"reject", NoBackend::reject}}),
        .on_unknown_tcp =
            choice<UnknownTcp>(node["on_unknown_tcp"], {{"hash", UnknownTcp::hash},
                                                        {"drop", UnknownTcp::drop},
                                                        {"schedule", UnknownTcp::schedule},
                                                        {"reset", UnknownTcp::reset}}),
        .on_backend_down =
            choice<BackendDown>(node["on_backend_down"], {{"reschedule", BackendDown::reschedule},
                                                          {"keep", BackendDown::keep},
                                                          {"reset", BackendDown::reset}}),
        .timeouts = build_timeouts(root, node),
        .backends = {},
        .hash_port = the<bool>(node["hash_port"]),
        .persistence_while_drained = choice<PersistenceDrained>(
            node["persistence_while_drained"],
            {{"honour", PersistenceDrained::honour}, {"move", PersistenceDrained::move}}),
        .on_backend_removed = choice<BackendRemoved>(node["on_backend_removed"],
                                                     {{"drain", BackendRemoved::drain},
                                                      {"reset", BackendRemoved::reset},
                                                      {"reschedule", BackendRemoved::reschedule}}),
        .quorum = integer<std::uint32_t>(node["quorum"]),
        .hysteresis = integer<std::uint32_t>(node["hysteresis"]),
        .ignore_checks_below_percent = integer<unsigned>(node["ignore_checks_below_percent"]),
        .suspect_below_percent = integer<unsigned>(node["suspect_below_percent"]),
        .slow_start = seconds(node["slow_start"]),
        .decrement_ttl = the<bool>(node["decrement_ttl"]),
        .limits = {.connections_per_client =
                       integer<std::uint32_t>(limits["connections_per_client"]),
                   .client_prefix = client_prefix(node, limits["client_prefix"])},
        .notify = build_notify(node["notify"], Subject::service),
        .omega = the<bool>(node["omega"])};
    const auto candidates = networks_behind(networks, node);
    for (const auto& backend : node["backends"].items) {
        service.backends.push_back(build_backend(root, candidates, node, backend));
    }
    return service;
}

} // namespace lbd::config
