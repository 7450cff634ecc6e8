// SPDX-License-Identifier: BSD-3-Clause
#include <rte_icmp.h>
#include <rte_ip.h>

#include "lb/dataplane/parse_layers.h"

namespace lbd::dataplane::layers {

namespace {

constexpr std::uint16_t fragment_bits = RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK;

// RFC 1071. The usual header without options is five words.
bool checksum_is_wrong(const rte_mbuf& packet, const rte_ipv4_hdr& ip) {
    const std::uint64_t verdict = packet.ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK;
    if (verdict == RTE_MBUF_F_RX_IP_CKSUM_GOOD) return false;
    // A header that sums up to all ones, its checksum included, is intact. The NIC's "bad" is
    // checked again in software: some devices say it of what they did not look at.
    if (ip.version_ihl != RTE_IPV4_VHL_DEF)
        return rte_raw_cksum(&ip, rte_ipv4_hdr_len(&ip)) != 0xffff;
    std::array<std::uint32_t, 5> words;
    std::memcpy(words.data(), &ip, sizeof(words));
    const std::uint64_t sum = std::uint64_t{words[0]} + words[1] + words[2] + words[3] + words[4];
    const std::uint64_t half = (sum >> 32) + (sum & 0xffffffff);
    const std::uint64_t quarter = (half >> 16) + (half & 0xffff);
    return (quarter >> 16) + (quarter & 0xffff) != 0xffff;
}

// RFC 1122 3.2.1.3: multicast, broadcast, loopback and "this network" never are a source.
bool ipv4_impossible_source(rte_be32_t source) {
    const std::uint32_t address = rte_be_to_cpu_32(source);
    const std::uint32_t network = address >> 24;
    return network == 0 || network == 127 || address >= 0xe0000000;
}

DropReason ipv4_header_fault(const rte_mbuf& packet, const rte_ipv4_hdr& ip, std::uint32_t offset) {
    const std::uint32_t header_length = rte_ipv4_hdr_len(&ip);
    const std::uint32_t total_length = rte_be_to_cpu_16(ip.total_length);
    if (ip.version_ihl >> 4 != 4) return DropReason::bad_ip_version;
    if (header_length < sizeof(rte_ipv4_hdr)) return DropReason::bad_ip_header_length;
    if (header_length > packet.data_len - offset) return DropReason::truncated_ip;
    if (total_length < header_length) return DropReason::bad_ip_length;
    if (total_length > packet.pkt_len - offset) return DropReason::bad_ip_length;
    if (checksum_is_wrong(packet, ip)) return DropReason::bad_ip_checksum;
    if (ipv4_impossible_source(ip.src_addr)) return DropReason::bad_source;
    return DropReason::none;
}

// RFC 792: what a router or host has to say about a datagram, whose beginning it quotes.
bool is_error(std::uint8_t type) {
    constexpr std::uint8_t unreachable = 3, source_quench = 4, time_exceeded = 11,
                           parameter_problem = 12;
    return type == unreachable || type == source_quench || type == time_exceeded ||
           type == parameter_problem;
}

void parse_icmp_over_ipv4(const rte_mbuf& packet, rte_be32_t destination, Parsed& parsed) {
    parsed.kind = PacketClass::host;
    const std::uint32_t quote = parsed.l4_offset + sizeof(rte_icmp_hdr);
    if (quote + sizeof(rte_ipv4_hdr) > packet.data_len) return;
    if (!is_error(at<rte_icmp_hdr>(packet, parsed.l4_offset)->icmp_type)) return;
    const auto* quoted = at<rte_ipv4_hdr>(packet, quote);
    if (quoted->version_ihl >> 4 != 4 || quoted->src_addr != destination) return;
    if ((quoted->fragment_offset & rte_cpu_to_be_16(RTE_IPV4_HDR_OFFSET_MASK)) != 0) return;
    parsed.v4 = {quoted->dst_addr, quoted->src_addr, 0, 0, quoted->next_proto_id, {}};
    parsed.tcp_flags = 0;
    if (quoted_ports(packet, quote + rte_ipv4_hdr_len(quoted), parsed.v4))
        parsed.kind = PacketClass::icmp_error;
}

} // namespace

void ipv4(const rte_mbuf& packet, Parsed& parsed) {
    parsed.ipv6 = false;
    if (packet.data_len < parsed.l3_offset + sizeof(rte_ipv4_hdr))
        return malformed(parsed, DropReason::truncated_ip);
    const auto* ip = at<rte_ipv4_hdr>(packet, parsed.l3_offset);
    const DropReason fault = ipv4_header_fault(packet, *ip, parsed.l3_offset);
    if (fault != DropReason::none) return malformed(parsed, fault);

    const std::uint32_t header_length = rte_ipv4_hdr_len(ip);
    parsed.l4_offset = static_cast<std::uint16_t>(parsed.l3_offset + header_length);
    parsed.v4 = {ip->src_addr, ip->dst_addr, 0, 0, ip->next_proto_id, {}};
    parsed.first_fragment = false;
    if ((ip->fragment_offset & rte_cpu_to_be_16(fragment_bits)) != 0) {
        parsed.fragment_id = ip->packet_id;
        parsed.kind = PacketClass::fragment;
        if ((ip->fragment_offset & rte_cpu_to_be_16(RTE_IPV4_HDR_OFFSET_MASK)) != 0) return;
        parsed.first_fragment = true;
    }
    if (ip->next_proto_id == IPPROTO_TCP || ip->next_proto_id == IPPROTO_UDP)
        transport(packet, rte_be_to_cpu_16(ip->total_length) - header_length, parsed.v4, parsed);
    else if (ip->next_proto_id == IPPROTO_ICMP && !parsed.first_fragment)
        parse_icmp_over_ipv4(packet, ip->dst_addr, parsed);
    else
        parsed.kind = PacketClass::host;
}

} // namespace lbd::dataplane::layers
