// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/trace/trace_line.h"

#include <arpa/inet.h>

#include <array>
#include <string>
#include <string_view>

#include "lb/control/endpoint.h"

namespace lbd::control {

namespace json = boost::json;
using dataplane::TracedPacket;
using dataplane::TraceOutcome;
using dataplane::TraceRecord;
using dataplane::Why;

namespace {

constexpr std::array<std::string_view, 6> scheduler_names{"rr", "wrr", "lc", "wlc", "sh", "mh"};

std::string address_text(const dataplane::Ipv6& address, bool ipv6) {
    return config::IpAddress{ipv6 ? config::IpAddress::Family::v6 : config::IpAddress::Family::v4,
                             address}
        .text();
}

std::string address_text(const dataplane::Ipv6& address, rte_be16_t port,
                         const TracedPacket& packet) {
    std::string text = address_text(address, packet.ipv6);
    if (!packet.has_ports) return text;
    return (packet.ipv6 ? '[' + text + ']' : text) + ':' + std::to_string(ntohs(port));
}

std::string protocol_name(std::uint8_t protocol) {
    switch (protocol) {
        case IPPROTO_TCP:
            return "tcp";
        case IPPROTO_UDP:
            return "udp";
        case IPPROTO_ICMP:
            return "icmp";
        case IPPROTO_ICMPV6:
            return "icmpv6";
        default:
            return "protocol " + std::to_string(protocol);
    }
}

// In the order of the header's bits.
std::string flag_names(std::uint8_t flags) {
    constexpr std::array<std::string_view, 8> names{"FIN", "SYN", "RST", "PSH",
                                                    "ACK", "URG", "ECE", "CWR"};
    std::string text;
    for (std::size_t bit = 0; bit < names.size(); ++bit)
        if ((flags >> bit & 1) != 0) text += (text.empty() ? "" : ",") + std::string(names[bit]);
    return text;
}

// nullptr: there is none, or its slot has been given to another meanwhile.
const BackendRecord* traced_backend(const TraceRecord& record, const Roster& roster) {
    if (record.backend >= roster.backends().size()) return nullptr;
    const BackendRecord& backend = roster.backends()[record.backend];
    return backend.in_slot && backend.generation == record.generation ? &backend : nullptr;
}

const ServiceRecord* traced_service(const TraceRecord& record, const Roster& roster) {
    if (record.service >= roster.services().size()) return nullptr;
    const ServiceRecord& service = roster.services()[record.service];
    return service.in_slot ? &service : nullptr;
}

std::string_view reason_name(const TraceRecord& record) {
    return record.why == Why::dropped ? describe(record.drop).name : describe(record.why).name;
}

std::string reason_text(const TraceRecord& record, const ServiceRecord* service) {
    if (record.why == Why::dropped) return std::string(describe(record.drop).text);
    std::string text(describe(record.why).text);
    const auto place = text.find('@');
    if (place != std::string::npos) {
        const auto scheduler =
            service == nullptr ? 0 : static_cast<std::size_t>(service->config.scheduler);
        text.replace(place, 1, scheduler_names[scheduler]);
    }
    const bool of_worker = record.why == Why::flow_owner || record.why == Why::fragment_home ||
                           record.why == Why::persistence_owner;
    return of_worker ? "worker " + std::to_string(record.other) + ' ' + text : text;
}

std::string_view tunnel_name(dataplane::Forwarding forwarding) {
    return forwarding == dataplane::Forwarding::ipip  ? "ipip"
           : forwarding == dataplane::Forwarding::gue ? "gue"
                                                      : "direct";
}

void add_backend(json::object& line, const TraceRecord& record, const BackendRecord& backend) {
    const bool ipv6 = backend.config.address.family == config::IpAddress::Family::v6;
    const std::string address = backend.config.address.text();
    line["backend"] = !record.packet.has_ports ? address
                                               : (ipv6 ? '[' + address + ']' : address) + ':' +
                                                     std::to_string(ntohs(record.packet.port));
    if (record.outcome != TraceOutcome::forwarded) return;
    line["forwarding"] = tunnel_name(backend.tunnel.kind);
    line["pieces"] = record.pieces;
}

} // namespace

json::object trace_line(const TraceRecord& record, std::size_t worker, const Roster& roster) {
    const TracedPacket& packet = record.packet;
    json::object line;
    line["event"] = "packet";
    line["worker"] = worker;
    line["protocol"] = protocol_name(packet.protocol);
    line["client"] = address_text(packet.client, packet.client_port, packet);
    line["destination"] = address_text(packet.destination, packet.port, packet);
    line["flags"] = packet.protocol == IPPROTO_TCP ? flag_names(packet.tcp_flags) : "";
    line["bytes"] = packet.bytes;
    if (packet.kind == dataplane::PacketClass::icmp_error)
        line["icmp_error_from"] = address_text(packet.sender, packet.ipv6);
    line["action"] = dataplane::trace_outcome_names[static_cast<std::size_t>(record.outcome)];
    const ServiceRecord* service = traced_service(record, roster);
    line["reason"] = reason_name(record);
    line["text"] = reason_text(record, service);
    if (service != nullptr) line["service"] = service->config.name;
    if (const BackendRecord* backend = traced_backend(record, roster); backend != nullptr)
        add_backend(line, record, *backend);
    if (record.outcome == TraceOutcome::handed_over) line["to_worker"] = record.other;
    return line;
}

} // namespace lbd::control
