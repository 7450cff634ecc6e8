// SPDX-License-Identifier: BSD-3-Clause
// The steps of parse(), each for one layer. Private to the parser.
#pragma once

#include <netinet/in.h>
#include <rte_byteorder.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include <algorithm>
#include <cstdint>

#include "lb/dataplane/parse.h"

namespace lbd::dataplane::layers {

inline void malformed(Parsed& parsed, DropReason reason) {
    parsed.kind = PacketClass::malformed;
    parsed.reason = reason;
}

template <class Header>
const Header* at(const rte_mbuf& packet, std::uint32_t offset) {
    return rte_pktmbuf_mtod_offset(&packet, const Header*, offset);
}

// `length` is what the datagram says it has from parsed.l4_offset on, `key` is the one in `parsed`.
// A first fragment may carry less than the UDP header says.
template <class Key>
void transport(const rte_mbuf& packet, std::uint32_t length, Key& key, Parsed& parsed) {
    // Both bounds: what the datagram says it has, and what lies in the first segment.
    const std::uint32_t in_segment =
        packet.data_len > parsed.l4_offset ? packet.data_len - parsed.l4_offset : 0u;
    const std::uint32_t present = std::min(length, in_segment);
    if (key.protocol == IPPROTO_TCP) {
        if (present < sizeof(rte_tcp_hdr)) return malformed(parsed, DropReason::truncated_l4);
        const auto* tcp = at<rte_tcp_hdr>(packet, parsed.l4_offset);
        const std::uint32_t header = (tcp->data_off >> 4) * 4u;
        if (header < sizeof(rte_tcp_hdr) || (header > present && !parsed.first_fragment))
            return malformed(parsed, DropReason::bad_tcp_header_length);
        key.client_port = tcp->src_port;
        key.vip_port = tcp->dst_port;
        parsed.tcp_flags = tcp->tcp_flags;
    } else {
        if (present < sizeof(rte_udp_hdr)) return malformed(parsed, DropReason::truncated_l4);
        const auto* udp = at<rte_udp_hdr>(packet, parsed.l4_offset);
        const std::uint32_t said = rte_be_to_cpu_16(udp->dgram_len);
        if (said < sizeof(rte_udp_hdr) || (said > length && !parsed.first_fragment))
            return malformed(parsed, DropReason::bad_udp_length);
        key.client_port = udp->src_port;
        key.vip_port = udp->dst_port;
        parsed.tcp_flags = 0;
    }
    parsed.kind = PacketClass::flow;
}

// The ports of the packet that an ICMP error quotes: it went from the service to the client, so
// they change sides. The transport header begins at `offset`.
template <class Key>
bool quoted_ports(const rte_mbuf& packet, std::uint32_t offset, Key& key) {
    constexpr std::uint32_t ports = 4;
    if (offset + ports > packet.data_len) return false;
    const auto* udp = at<rte_udp_hdr>(packet, offset); // TCP has its ports in the same place
    key.vip_port = udp->src_port;
    key.client_port = udp->dst_port;
    return key.protocol == IPPROTO_TCP || key.protocol == IPPROTO_UDP;
}

// From parsed.l3_offset on, where there is at least a byte.
void ipv4(const rte_mbuf& packet, Parsed& parsed);
void ipv6(const rte_mbuf& packet, Parsed& parsed);

} // namespace lbd::dataplane::layers
