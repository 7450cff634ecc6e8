// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/health_target.h"

#include "lb/control/asio_address.h"

namespace lbd::control {

namespace {

using Kind = config::HealthCheck::Kind;

health::Probe::Kind kind_of(Kind kind) {
    switch (kind) {
        case Kind::http:
            return health::Probe::Kind::http;
        case Kind::https:
            return health::Probe::Kind::https;
        case Kind::smtp:
            return health::Probe::Kind::smtp;
        case Kind::udp:
            return health::Probe::Kind::udp;
        case Kind::dns:
            return health::Probe::Kind::dns;
        case Kind::ping:
            return health::Probe::Kind::ping;
        case Kind::script:
            return health::Probe::Kind::script;
        case Kind::none:
        case Kind::tcp:
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

} // namespace

std::optional<health::Target> health_target(const BackendRecord& record,
                                            const std::string& interface) {
    const config::HealthCheck& check = record.config.health;
    if (!record.in_slot || !record.configured || check.kind == Kind::none) return std::nullopt;
    health::Target target{
        probe_of(check),
        {check.interval, check.retries, check.delay_before_retry, check.rise, check.initially_up}};
    target.probe.address = to_asio(check.address.value_or(record.config.address));
    if (check.kind != Kind::ping) target.probe.port = check.port.value_or(record.config.port);
    // What is behind a router, or elsewhere, is reached as the host's routes say.
    if (!record.config.gateway && !check.address) target.probe.interface = interface;
    return target;
}

} // namespace lbd::control
