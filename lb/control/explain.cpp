// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/explain.h"

#include <array>
#include <boost/json/array.hpp>

#include "lb/control/status.h"

namespace lbd::control {

namespace json = boost::json;
using dataplane::BackendSlot;
using dataplane::DropReason;
using dataplane::Outlook;
using dataplane::Verdict;

namespace {

double seconds_of(dataplane::Tick ticks) {
    return static_cast<double>(ticks) / dataplane::ticks_per_second;
}

json::value text_or_null(const std::string& text) {
    return text.empty() ? json::value() : json::value(text);
}

json::object address_of(const Whereabouts& whereabouts,
                        const std::vector<config::Network>& networks) {
    constexpr std::array<std::string_view, 4> kinds{"virtual", "own", "service", "foreign"};
    const auto here = whereabouts.here();
    json::object object;
    object["kind"] = kinds.at(static_cast<std::size_t>(whereabouts.kind));
    object["interface"] = networks.at(whereabouts.interface).name;
    object["instance"] = text_or_null(whereabouts.instance);
    object["state"] = text_or_null(whereabouts.state);
    object["here"] = here ? json::value(*here) : json::value();
    return object;
}

json::value steering_of(const Findings& findings) {
    constexpr std::array<std::string_view, 3> ways{"single", "software", "nic"};
    if (findings.of_host || findings.fault != DropReason::none) return nullptr;
    json::object object;
    object["by"] = ways.at(static_cast<std::size_t>(findings.way.by));
    object["computed"] = findings.way.computed;
    object["owner"] = findings.way.owner;
    return object;
}

json::object service_json(const ServiceRecord& record) {
    const config::Service& service = record.config;
    json::object object;
    object["name"] = service.name;
    object["protocol"] = name_of(service.protocol);
    object["address"] = service.address.text();
    object["port"] = service.port;
    object["scheduler"] = scheduler_name(service.scheduler);
    object["persistence_seconds"] = service.persistence.count();
    object["persistence_prefix"] = service.persistence_prefix;
    object["connections_per_client"] = service.limits.connections_per_client;
    return object;
}

json::object backend_json(const BackendRecord& record,
                          const std::vector<config::Network>& networks) {
    json::object object;
    object["address"] = record.config.address.text();
    object["port"] = record.config.port;
    object["state"] = record.state();
    object["weight"] = record.weight();
    object["forwarding"] = forwarding_name(record.config.forwarding);
    object["interface"] = networks.at(record.interface).name;
    object["mac"] = record.mac ? json::value(record.mac->text()) : json::value();
    object["mac_known"] = record.mac_known;
    return object;
}

// Removed ones that connections hold included.
json::array backends_json(const Roster& roster, std::optional<dataplane::ServiceSlot> service,
                          const std::vector<config::Network>& networks) {
    json::array backends;
    for (const BackendRecord& record : roster.backends())
        if (record.in_slot && record.service == service)
            backends.push_back(backend_json(record, networks));
    return backends;
}

std::string address_of(const Roster& roster, BackendSlot slot) {
    return roster.backends().at(slot).config.address.text();
}

json::value flow_of(const Findings& findings, const Roster& roster) {
    const auto& flow = findings.explanation.flow;
    if (!flow) return nullptr;
    json::object object;
    object["state"] = dataplane::flow_state_names[static_cast<std::size_t>(flow->state)];
    object["expires_seconds"] = seconds_of(flow->remaining);
    object["backend"] = address_of(roster, flow->backend);
    object["fate"] = dataplane::flow_fate_names[static_cast<std::size_t>(flow->fate)];
    return object;
}

json::value binding_of(const ExplainRequest& request, const Findings& findings,
                       const Roster& roster) {
    const auto& binding = findings.explanation.binding;
    if (!binding || !findings.explanation.service) return nullptr;
    const auto& service = roster.services().at(*findings.explanation.service).config;
    json::object object;
    object["network"] = config::Prefix{request.source.address, service.persistence_prefix}.text();
    object["worker"] = findings.keeper;
    object["backend"] = address_of(roster, binding->backend);
    object["expires_seconds"] = seconds_of(binding->remaining);
    object["connections"] = binding->flows;
    object["holds"] = binding->holds;
    return object;
}

std::string_view disposition_name(Verdict::Kind kind) {
    switch (kind) {
        case Verdict::Kind::forward:
            return "forward";
        case Verdict::Kind::drop:
            return "drop";
        case Verdict::Kind::reject:
            return "reject";
        case Verdict::Kind::punt:
        case Verdict::Kind::ask_owner: // has been asked
            break;
    }
    return "host";
}

json::object outlook_of(std::string_view packet, const Outlook& outlook, const Findings& findings,
                        const Roster& roster) {
    const bool forwarded = outlook.verdict.kind == Verdict::Kind::forward;
    const dataplane::DropReasonText& reason = describe(outlook.verdict.reason);
    const bool refused = outlook.verdict.reason != DropReason::none;
    json::object object;
    object["packet"] = packet;
    object["verdict"] = disposition_name(outlook.verdict.kind);
    object["because"] = dataplane::because_names[static_cast<std::size_t>(outlook.because)];
    object["reason"] = refused ? json::value(reason.name) : json::value();
    object["reason_text"] = refused ? json::value(reason.text) : json::value();
    object["backend"] =
        forwarded ? json::value(address_of(roster, outlook.verdict.backend)) : json::value();
    object["worker"] = findings.chooser;
    object["active_connections"] = outlook.active;
    object["inactive_connections"] = outlook.inactive;
    object["ends_flow"] = outlook.ends_flow && findings.explanation.flow.has_value();
    object["table_full"] = !outlook.room;
    return object;
}

// A packet that opens a connection, and of TCP what is none.
json::array packets_of(const ExplainRequest& request, const Findings& findings,
                       const Roster& roster) {
    constexpr std::array<std::string_view, 3> opening{"syn", "datagram", "echo"};
    Outlook first = findings.explanation.opening;
    std::optional<Outlook> later = findings.explanation.later;
    if (findings.fault != DropReason::none) first = {{Verdict::Kind::drop, findings.fault}};
    json::array packets;
    packets.push_back(outlook_of(opening.at(static_cast<std::size_t>(request.transport)), first,
                                 findings, roster));
    if (request.transport == Transport::tcp)
        packets.push_back(outlook_of("other", later.value_or(first), findings, roster));
    return packets;
}

} // namespace

json::object explain(const ExplainRequest& request, const Whereabouts& whereabouts,
                     const Findings& findings, const Roster& roster,
                     const std::vector<config::Network>& networks) {
    const dataplane::Explanation& explanation = findings.explanation;
    auto service = explanation.service;
    json::object data;
    data["source"] = request.source.text();
    data["destination"] = request.destination.text();
    data["protocol"] = name_of(request.transport);
    data["address"] = address_of(whereabouts, networks);
    data["steering"] = steering_of(findings);
    data["service"] =
        service ? json::value(service_json(roster.services().at(*service))) : json::value();
    data["flow"] = flow_of(findings, roster);
    data["binding"] = binding_of(request, findings, roster);
    data["packets"] = packets_of(request, findings, roster);
    // A flow may have outlived its service.
    if (!service && explanation.flow)
        service = roster.backends().at(explanation.flow->backend).service;
    data["backends"] = backends_json(roster, service, networks);
    return data;
}

} // namespace lbd::control
