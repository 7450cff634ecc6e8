// SPDX-License-Identifier: BSD-3-Clause
// Every reason for which the data plane drops a frame, and its words for the operator.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lbd::dataplane {

enum class DropReason : std::uint8_t {
    none,
    truncated_ethernet,
    wrong_mac,
    unknown_vlan,
    truncated_ip,
    bad_ip_version,
    bad_ip_header_length,
    bad_ip_length,
    bad_ip_checksum,
    bad_source,
    bad_ipv6_extension,
    fragment_lost,
    fragment_excess,
    truncated_l4,
    bad_tcp_header_length,
    bad_udp_length,
    no_backend,
    rejected,
    unknown_connection,
    backend_down,
    client_limit,
    ttl_expired,
    too_big,
    no_headroom,
    handoff_full,
    punt_full,
    tx_full,
    link_down,
    count_,
};

constexpr std::size_t drop_reason_count = static_cast<std::size_t>(DropReason::count_);

struct DropReasonText {
    std::string_view name;
    std::string_view text;
};

constexpr std::array<DropReasonText, drop_reason_count> drop_reason_texts{{
    {"none", "not dropped"},
    {"truncated_ethernet", "frame shorter than an Ethernet header"},
    {"wrong_mac", "unicast frame for another host's MAC address"},
    {"unknown_vlan", "VLAN that the port does not have"},
    {"truncated_ip", "frame ends before its IP header does"},
    {"bad_ip_version", "IP frame whose header says another version"},
    {"bad_ip_header_length", "IPv4 header length below 20 or beyond the packet"},
    {"bad_ip_length", "IP length below its headers or beyond the frame"},
    {"bad_ip_checksum", "IPv4 header checksum wrong"},
    {"bad_source", "source address that no client can have"},
    {"bad_ipv6_extension", "chain of IPv6 extension headers too long"},
    {"fragment_lost", "IP fragment whose first fragment did not come in time"},
    {"fragment_excess", "IP fragment before its first one, and no room to hold it"},
    {"truncated_l4", "packet ends before its TCP or UDP header does"},
    {"bad_tcp_header_length", "TCP header length below 20 or beyond the packet"},
    {"bad_udp_length", "UDP length below 8 or beyond the packet"},
    {"no_backend", "virtual service without a live backend"},
    {"rejected", "virtual service without a live backend, answered by RST or ICMP"},
    {"unknown_connection", "TCP packet of no known connection, service says drop or reset"},
    {"backend_down", "connection whose backend is down or removed, answered by RST"},
    {"client_limit", "new connection beyond the limit of its client's network"},
    {"ttl_expired", "TTL or hop limit used up, answered by ICMP time exceeded"},
    {"too_big", "packet larger than the MTU towards the backend, answered by ICMP"},
    {"no_headroom", "packet buffer without room for a tunnel header or VLAN tag"},
    {"handoff_full", "ring to the worker that owns the client was full"},
    {"punt_full", "ring to the host interface was full"},
    {"tx_full", "transmit queue was full"},
    {"link_down", "port without a link"},
}};

constexpr const DropReasonText& describe(DropReason reason) {
    return drop_reason_texts[static_cast<std::size_t>(reason)];
}

} // namespace lbd::dataplane
