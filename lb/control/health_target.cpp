// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/health_target.h"

#include "lb/control/asio_address.h"

namespace lbd::control {

namespace {

health::Probe::Kind kind_of(config::HealthCheck::Kind kind) {
    switch (kind) {
        case config::HealthCheck::Kind::http:
            return health::Probe::Kind::http;
        case config::HealthCheck::Kind::https:
            return health::Probe::Kind::https;
        case config::HealthCheck::Kind::smtp:
            return health::Probe::Kind::smtp;
        case config::HealthCheck::Kind::udp:
            return health::Probe::Kind::udp;
        case config::HealthCheck::Kind::dns:
            return health::Probe::Kind::dns;
        case config::HealthCheck::Kind::ping:
            return health::Probe::Kind::ping;
        case config::HealthCheck::Kind::script:
            return health::Probe::Kind::script;
        case config::HealthCheck::Kind::vip:
            return health::Probe::Kind::vip;
        case config::HealthCheck::Kind::tcp:
            break;
    }
    return health::Probe::Kind::tcp;
}

health::Probe probe_of(const config::HealthCheck& check) {
    health::Probe probe;
    probe.kind = kind_of(check.kind);
    probe.timeout = check.connect_timeout;
    probe.host = check.host;
    probe.http_1_0 = check.http_1_0;
    for (const config::HealthPage& page : check.pages)
        probe.pages.push_back({page.path, page.statuses, page.match, page.digest});
    probe.tls = {check.tls.name, check.tls.verify, check.tls.authorities, check.tls.certificate,
                 check.tls.key};
    probe.helo = check.helo;
    probe.payload = check.payload;
    probe.answer_required = check.answer_required;
    probe.query_name = check.query_name;
    probe.query_type = check.query_type;
    probe.script = check.script;
    probe.user = check.user;
    return probe;
}

boost::asio::ip::address source_of(const config::HealthCheck& check,
                                   const config::IpAddress& checked) {
    for (const config::IpAddress& source : check.sources)
        if (source.family == checked.family) return to_asio(source);
    return {};
}

// The backend's network has one: Direct Routing goes to the network's own subnets.
boost::asio::ip::address source_address(const config::Network& network,
                                        const config::IpAddress& neighbour) {
    for (const config::Prefix& prefix : network.addresses)
        if (prefix.contains(neighbour)) return to_asio(prefix.address);
    return {};
}

void aim_at_vip(health::Probe& probe, const config::Backend& backend,
                const config::Service& service, const config::Network& network) {
    const bool connects = service.protocol == config::Protocol::tcp;
    probe.address = to_asio(backend.address);
    probe.port = connects ? service.port : 0;
    probe.interface = network.name;
    probe.vip = to_asio(service.address);
    if (probe.source.is_unspecified()) probe.source = source_address(network, backend.address);
    if (backend.mac) probe.mac = backend.mac->bytes;
}

} // namespace

std::vector<health::Target> health_targets(const BackendRecord& record,
                                           const config::Service& service,
                                           const config::Network& network) {
    std::vector<health::Target> targets;
    for (const config::HealthCheck& check : record.config.checks) {
        const config::IpAddress& address = check.address.value_or(record.config.address);
        health::Target target{probe_of(check),
                              {check.interval, check.retries, check.delay_before_retry, check.rise,
                               check.initially_up, check.warmup}};
        health::Probe& probe = target.probe;
        probe.source = source_of(check, address);
        if (check.kind == config::HealthCheck::Kind::vip) {
            aim_at_vip(probe, record.config, service, network);
        } else {
            probe.address = to_asio(address);
            if (check.kind != config::HealthCheck::Kind::ping)
                probe.port = check.port.value_or(record.config.port);
            // What is behind a router, or elsewhere, is reached as the host's routes say.
            if (!record.config.gateway && !check.address) probe.interface = network.name;
        }
        targets.push_back(std::move(target));
    }
    return targets;
}

} // namespace lbd::control
