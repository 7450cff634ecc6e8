// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/parse.h"

#include <netinet/in.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

namespace lbd::dataplane {

namespace {

constexpr std::uint32_t ethernet_length = sizeof(rte_ether_hdr);

Parsed malformed(DropReason reason) {
    Parsed parsed{};
    parsed.kind = PacketClass::malformed;
    parsed.reason = reason;
    return parsed;
}

Parsed for_host() {
    Parsed parsed{};
    parsed.kind = PacketClass::host;
    return parsed;
}

bool checksum_is_wrong(const rte_mbuf& packet, const rte_ipv4_hdr& ip) {
    const std::uint64_t verdict = packet.ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK;
    if (verdict == RTE_MBUF_F_RX_IP_CKSUM_GOOD) return false;
    // A header that sums up to all ones, its checksum included, is intact (RFC 1071). The NIC's
    // "bad" is checked again in software: some devices say it of what they did not look at.
    return rte_raw_cksum(&ip, rte_ipv4_hdr_len(&ip)) != 0xffff;
}

// RFC 1122 3.2.1.3: multicast, broadcast, loopback and "this network" never are a source.
bool impossible_source(rte_be32_t source) {
    const std::uint32_t address = rte_be_to_cpu_32(source);
    const std::uint32_t network = address >> 24;
    return network == 0 || network == 127 || address >= 0xe0000000;
}

void parse_tcp(const rte_mbuf& packet, std::uint32_t l4_length, Parsed& parsed) {
    if (l4_length < sizeof(rte_tcp_hdr)) {
        parsed = malformed(DropReason::truncated_l4);
        return;
    }
    const auto* tcp = rte_pktmbuf_mtod_offset(&packet, const rte_tcp_hdr*, parsed.l4_offset);
    const std::uint32_t header_length = (tcp->data_off >> 4) * 4u;
    if (header_length < sizeof(rte_tcp_hdr) || header_length > l4_length) {
        parsed = malformed(DropReason::bad_tcp_header_length);
        return;
    }
    parsed.key.client_port = tcp->src_port;
    parsed.key.vip_port = tcp->dst_port;
    parsed.tcp_flags = tcp->tcp_flags;
}

void parse_udp(const rte_mbuf& packet, std::uint32_t l4_length, Parsed& parsed) {
    if (l4_length < sizeof(rte_udp_hdr)) {
        parsed = malformed(DropReason::truncated_l4);
        return;
    }
    const auto* udp = rte_pktmbuf_mtod_offset(&packet, const rte_udp_hdr*, parsed.l4_offset);
    const std::uint32_t length = rte_be_to_cpu_16(udp->dgram_len);
    if (length < sizeof(rte_udp_hdr) || length > l4_length) {
        parsed = malformed(DropReason::bad_udp_length);
        return;
    }
    parsed.key.client_port = udp->src_port;
    parsed.key.vip_port = udp->dst_port;
}

DropReason ip_header_fault(const rte_mbuf& packet, const rte_ipv4_hdr& ip) {
    const std::uint32_t available = packet.data_len - ethernet_length;
    const std::uint32_t header_length = rte_ipv4_hdr_len(&ip);
    const std::uint32_t total_length = rte_be_to_cpu_16(ip.total_length);
    if (ip.version_ihl >> 4 != 4) return DropReason::bad_ip_version;
    if (header_length < sizeof(rte_ipv4_hdr)) return DropReason::bad_ip_header_length;
    if (header_length > available) return DropReason::truncated_ip;
    if (total_length < header_length) return DropReason::bad_ip_length;
    if (total_length > packet.pkt_len - ethernet_length) return DropReason::bad_ip_length;
    if (checksum_is_wrong(packet, ip)) return DropReason::bad_ip_checksum;
    if (impossible_source(ip.src_addr)) return DropReason::bad_source;
    return DropReason::none;
}

Parsed parse_ipv4(const rte_mbuf& packet) {
    if (packet.data_len < ethernet_length + sizeof(rte_ipv4_hdr))
        return malformed(DropReason::truncated_ip);
    const auto* ip = rte_pktmbuf_mtod_offset(&packet, const rte_ipv4_hdr*, ethernet_length);
    const DropReason fault = ip_header_fault(packet, *ip);
    if (fault != DropReason::none) return malformed(fault);

    Parsed parsed{};
    const std::uint32_t header_length = rte_ipv4_hdr_len(ip);
    parsed.key.client = ip->src_addr;
    parsed.key.vip = ip->dst_addr;
    parsed.key.protocol = ip->next_proto_id;
    parsed.l4_offset = static_cast<std::uint8_t>(ethernet_length + header_length);
    constexpr std::uint16_t fragment_bits = RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK;
    if ((ip->fragment_offset & rte_cpu_to_be_16(fragment_bits)) != 0) {
        parsed.kind = PacketClass::fragment;
        return parsed;
    }
    // Both bounds: what the datagram says it has, and what lies in the first segment.
    const std::uint32_t datagram = rte_be_to_cpu_16(ip->total_length) - header_length;
    const std::uint32_t present = packet.data_len - parsed.l4_offset;
    parsed.kind = PacketClass::flow;
    if (ip->next_proto_id == IPPROTO_TCP) {
        parse_tcp(packet, datagram < present ? datagram : present, parsed);
    } else if (ip->next_proto_id == IPPROTO_UDP) {
        if (datagram >= sizeof(rte_udp_hdr) && present < sizeof(rte_udp_hdr))
            return malformed(DropReason::truncated_l4);
        parse_udp(packet, datagram, parsed);
    } else {
        parsed.kind = PacketClass::host;
    }
    return parsed;
}

} // namespace

Parsed parse(const rte_mbuf& packet, const rte_ether_addr& own) {
    if (packet.data_len < ethernet_length) return malformed(DropReason::truncated_ethernet);
    const auto* ethernet = rte_pktmbuf_mtod(&packet, const rte_ether_hdr*);
    if ((packet.ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0 ||
        ethernet->ether_type == rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN))
        return malformed(DropReason::vlan_tagged);
    if (rte_is_multicast_ether_addr(&ethernet->dst_addr)) return for_host();
    if (!rte_is_same_ether_addr(&ethernet->dst_addr, &own)) return malformed(DropReason::wrong_mac);
    if (ethernet->ether_type != rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4)) return for_host();
    return parse_ipv4(packet);
}

} // namespace lbd::dataplane
