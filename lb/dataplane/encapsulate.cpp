// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/encapsulate.h"

#include <netinet/in.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include <cstring>

namespace lbd::dataplane {

namespace {

constexpr std::uint8_t ttl_of_tunnels = 64;
constexpr unsigned gue_length = 4;
constexpr std::uint16_t lowest_source_port = 49152; // RFC 6335: dynamic ports

struct Inner {
    std::uint8_t protocol; // IPPROTO_IPIP or IPPROTO_IPV6
    std::uint8_t traffic_class;
    bool may_not_fragment;
    std::uint32_t length;
};

Inner inner_of(const unsigned char* ip) {
    if (ip[0] >> 4 == 4) {
        rte_ipv4_hdr header;
        std::memcpy(&header, ip, sizeof(header));
        const bool df = (header.fragment_offset & rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG)) != 0;
        return {IPPROTO_IPIP, header.type_of_service, df, rte_be_to_cpu_16(header.total_length)};
    }
    const auto traffic_class = static_cast<std::uint8_t>((ip[0] & 0x0f) << 4 | ip[1] >> 4);
    const std::uint32_t payload = std::uint32_t{ip[4]} << 8 | ip[5];
    return {IPPROTO_IPV6, traffic_class, true, payload + std::uint32_t{sizeof(rte_ipv6_hdr)}};
}

rte_be32_t ipv4_of(const Ipv6& address) {
    rte_be32_t result;
    std::memcpy(&result, address.data(), sizeof(result));
    return result;
}

// RFC 2003 3.1; DSCP and ECN go along (RFC 6040).
void write_ipv4(unsigned char* at, const Tunnel& tunnel, const Inner& inner, std::uint8_t protocol,
                std::uint16_t length, std::uint16_t id) {
    rte_ipv4_hdr header{};
    header.version_ihl = RTE_IPV4_VHL_DEF;
    header.type_of_service = inner.traffic_class;
    header.total_length = rte_cpu_to_be_16(length);
    if (inner.may_not_fragment)
        header.fragment_offset = rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG);
    else
        header.packet_id = rte_cpu_to_be_16(id);
    header.time_to_live = ttl_of_tunnels;
    header.next_proto_id = protocol;
    header.src_addr = ipv4_of(tunnel.local);
    header.dst_addr = ipv4_of(tunnel.remote);
    header.hdr_checksum = rte_ipv4_cksum(&header);
    std::memcpy(at, &header, sizeof(header));
}

// RFC 2473 5; the flow label as RFC 6438 wants it.
void write_ipv6(unsigned char* at, const Tunnel& tunnel, const Inner& inner, std::uint8_t protocol,
                std::uint16_t payload, std::uint64_t hash) {
    rte_ipv6_hdr header{};
    header.vtc_flow = rte_cpu_to_be_32(0x60000000u | std::uint32_t{inner.traffic_class} << 20 |
                                       static_cast<std::uint32_t>(hash & 0xfffff));
    header.payload_len = rte_cpu_to_be_16(payload);
    header.proto = protocol;
    header.hop_limits = ttl_of_tunnels;
    std::memcpy(&header.src_addr, tunnel.local.data(), tunnel.local.size());
    std::memcpy(&header.dst_addr, tunnel.remote.data(), tunnel.remote.size());
    std::memcpy(at, &header, sizeof(header));
}

void write_gue(unsigned char* at, const Tunnel& tunnel, std::uint8_t protocol, std::uint16_t length,
               std::uint64_t hash) {
    rte_udp_hdr udp{};
    udp.src_port =
        rte_cpu_to_be_16(static_cast<std::uint16_t>(lowest_source_port | ((hash >> 32) & 0x3fff)));
    udp.dst_port = tunnel.gue_port;
    udp.dgram_len = rte_cpu_to_be_16(length);
    std::memcpy(at, &udp, sizeof(udp));
    // Version 0, no control message, no options; what follows is `protocol`.
    const std::array<unsigned char, gue_length> gue{0, protocol, 0, 0};
    std::memcpy(at + sizeof(udp), gue.data(), gue.size());
}

// Linux takes UDP without a checksum over IPv4, but over IPv6 only when told to (RFC 6936), so
// there it is computed, over all that follows.
void checksum_udp(rte_mbuf& packet, std::uint32_t ip_offset) {
    const auto* ip = rte_pktmbuf_mtod_offset(&packet, const rte_ipv6_hdr*, ip_offset);
    const std::uint32_t udp_offset = ip_offset + sizeof(*ip);
    auto* udp = rte_pktmbuf_mtod_offset(&packet, rte_udp_hdr*, udp_offset);
    std::uint16_t sum = 0;
    if (rte_raw_cksum_mbuf(&packet, udp_offset, rte_be_to_cpu_16(udp->dgram_len), &sum) != 0)
        return;
    const std::uint32_t total = std::uint32_t{sum} + rte_ipv6_phdr_cksum(ip, 0);
    const auto folded = static_cast<std::uint16_t>(~((total >> 16) + (total & 0xffff)));
    udp->dgram_cksum = folded == 0 ? 0xffff : folded;
}

} // namespace

unsigned overhead(const Tunnel& tunnel) {
    if (tunnel.kind == Forwarding::direct) return 0;
    const unsigned ip = tunnel.ipv6 ? sizeof(rte_ipv6_hdr) : sizeof(rte_ipv4_hdr);
    return tunnel.kind == Forwarding::ipip ? ip : ip + sizeof(rte_udp_hdr) + gue_length;
}

bool encapsulate(rte_mbuf& packet, std::uint16_t l2_length, const Tunnel& tunnel,
                 std::uint64_t hash, std::uint16_t id) {
    if (tunnel.kind == Forwarding::direct) return true;
    const unsigned added = overhead(tunnel);
    const Inner inner = inner_of(rte_pktmbuf_mtod_offset(&packet, const unsigned char*, l2_length));
    if (rte_pktmbuf_headroom(&packet) < added) return false;
    // The padding of a short frame is no part of the packet. It is left behind.
    if (packet.nb_segs == 1 && l2_length + inner.length < packet.pkt_len)
        packet.pkt_len = packet.data_len = static_cast<std::uint16_t>(l2_length + inner.length);
    const std::uint32_t inner_length = packet.pkt_len - l2_length;
    auto* const old_start = rte_pktmbuf_mtod(&packet, unsigned char*);
    auto* const start = reinterpret_cast<unsigned char*>(
        rte_pktmbuf_prepend(&packet, static_cast<std::uint16_t>(added)));
    std::memmove(start, old_start, l2_length);
    const rte_be16_t type =
        rte_cpu_to_be_16(tunnel.ipv6 ? RTE_ETHER_TYPE_IPV6 : RTE_ETHER_TYPE_IPV4);
    std::memcpy(start + l2_length - sizeof(type), &type, sizeof(type));

    const bool gue = tunnel.kind == Forwarding::gue;
    const std::uint8_t protocol = gue ? std::uint8_t{IPPROTO_UDP} : inner.protocol;
    unsigned char* const ip = start + l2_length;
    const std::uint32_t ip_length = tunnel.ipv6 ? sizeof(rte_ipv6_hdr) : sizeof(rte_ipv4_hdr);
    const auto payload = static_cast<std::uint16_t>(inner_length + added - ip_length);
    if (gue) write_gue(ip + ip_length, tunnel, inner.protocol, payload, hash);
    if (tunnel.ipv6) {
        write_ipv6(ip, tunnel, inner, protocol, payload, hash);
        if (gue) checksum_udp(packet, l2_length);
    } else {
        write_ipv4(ip, tunnel, inner, protocol, static_cast<std::uint16_t>(payload + ip_length),
                   id);
    }
    packet.ol_flags = 0;
    return true;
}

} // namespace lbd::dataplane
