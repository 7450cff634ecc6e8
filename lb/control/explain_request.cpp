// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/explain_request.h"

#include <netinet/in.h>
#include <rte_byteorder.h>

#include <cstring>
#include <optional>

namespace lbd::control {

namespace {

std::optional<Transport> transport_of(std::string_view word) {
    for (const Transport transport : {Transport::tcp, Transport::udp, Transport::icmp})
        if (word == name_of(transport)) return transport;
    return std::nullopt;
}

rte_be16_t port_of(const Endpoint& endpoint) {
    return rte_cpu_to_be_16(endpoint.port.value_or(0));
}

std::uint8_t protocol_of(Transport transport, bool ipv6) {
    switch (transport) {
        case Transport::tcp:
            return IPPROTO_TCP;
        case Transport::udp:
            return IPPROTO_UDP;
        case Transport::icmp:
            break;
    }
    if (ipv6) return IPPROTO_ICMPV6;
    return IPPROTO_ICMP;
}

rte_be32_t ipv4_word(const config::IpAddress& address) {
    rte_be32_t word = 0;
    std::memcpy(&word, address.bytes.data(), sizeof(word));
    return word;
}

// What does not fit together, or nothing.
std::string misfit(const ExplainRequest& request) {
    if (request.source.address.family != request.destination.address.family)
        return "source and destination are of different IP versions";
    const bool ports = request.transport != Transport::icmp;
    for (const Endpoint* endpoint : {&request.source, &request.destination})
        if (endpoint->port.has_value() != ports)
            return "'" + endpoint->text() +
                   (ports ? "' needs a port, as tcp and udp have them" : "': icmp has no ports");
    return {};
}

} // namespace

std::string_view name_of(Transport transport) {
    return transport == Transport::tcp ? "tcp" : transport == Transport::udp ? "udp" : "icmp";
}

dataplane::KeyV4 ExplainRequest::key4() const {
    return {ipv4_word(source.address), ipv4_word(destination.address), port_of(source),
            port_of(destination),      protocol_of(transport, false),  {}};
}

dataplane::KeyV6 ExplainRequest::key6() const {
    return {source.address.bytes, destination.address.bytes,    port_of(source),
            port_of(destination), protocol_of(transport, true), {}};
}

std::variant<ExplainRequest, Refusal> explain_request(const boost::json::object& request) {
    const std::string source = text_in(request, "source");
    const std::string destination = text_in(request, "destination");
    const std::size_t slash = destination.rfind('/');
    const auto transport = slash == std::string::npos
                               ? std::nullopt
                               : transport_of(std::string_view(destination).substr(slash + 1));
    const auto from = parse_endpoint(source);
    if (const auto* refusal = std::get_if<Refusal>(&from)) return *refusal;
    const auto to = parse_endpoint(std::string_view(destination).substr(0, slash));
    if (const auto* refusal = std::get_if<Refusal>(&to)) return *refusal;
    if (!transport)
        return Refusal{
            "a destination ends in a protocol: /tcp, /udp or /icmp, as 192.0.2.7:80/tcp"};
    const ExplainRequest asked{std::get<Endpoint>(from), std::get<Endpoint>(to), *transport};
    if (std::string fault = misfit(asked); !fault.empty()) return Refusal{std::move(fault)};
    return asked;
}

} // namespace lbd::control
