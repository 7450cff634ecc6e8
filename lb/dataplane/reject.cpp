// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/reject.h"

#include <netinet/in.h>
#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_tcp.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace lbd::dataplane {

namespace {

constexpr std::uint8_t initial_ttl = 64;
constexpr std::uint8_t destination_unreachable = 3;
constexpr std::uint8_t port_unreachable = 3;

void swap_macs(rte_mbuf& packet) {
    auto* ethernet = rte_pktmbuf_mtod(&packet, rte_ether_hdr*);
    std::swap(ethernet->src_addr, ethernet->dst_addr);
}

void write_ip_header(rte_ipv4_hdr& ip, const FlowKey& key, std::uint8_t protocol,
                     std::uint16_t payload) {
    ip = {};
    ip.version_ihl = RTE_IPV4_VHL_DEF;
    ip.total_length = rte_cpu_to_be_16(static_cast<std::uint16_t>(sizeof(ip) + payload));
    ip.fragment_offset = rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG);
    ip.time_to_live = initial_ttl;
    ip.next_proto_id = protocol;
    ip.src_addr = key.vip;
    ip.dst_addr = key.client;
    ip.hdr_checksum = rte_ipv4_cksum(&ip);
}

// Makes the frame, one segment from now on, `length` bytes long. Its headroom is not touched.
bool resize(rte_mbuf& packet, std::uint16_t length) {
    if (packet.nb_segs != 1) return false;
    if (packet.data_off + length > packet.buf_len) return false;
    packet.data_len = length;
    packet.pkt_len = length;
    packet.ol_flags = 0;
    return true;
}

bool answer_tcp(rte_mbuf& packet, const Parsed& parsed) {
    if ((parsed.tcp_flags & RTE_TCP_RST_FLAG) != 0) return false;
    const auto* ip = rte_pktmbuf_mtod_offset(&packet, const rte_ipv4_hdr*, sizeof(rte_ether_hdr));
    const auto* tcp = rte_pktmbuf_mtod_offset(&packet, const rte_tcp_hdr*, parsed.l4_offset);
    const std::uint32_t header = (tcp->data_off >> 4) * 4u;
    const bool acknowledges = (parsed.tcp_flags & RTE_TCP_ACK_FLAG) != 0;
    const std::uint32_t occupied = rte_be_to_cpu_16(ip->total_length) - rte_ipv4_hdr_len(ip) -
                                   header + ((parsed.tcp_flags & RTE_TCP_SYN_FLAG) != 0 ? 1 : 0) +
                                   ((parsed.tcp_flags & RTE_TCP_FIN_FLAG) != 0 ? 1 : 0);
    rte_tcp_hdr reset{};
    reset.src_port = parsed.key.vip_port;
    reset.dst_port = parsed.key.client_port;
    reset.data_off = (sizeof(reset) / 4) << 4;
    if (acknowledges) {
        reset.sent_seq = tcp->recv_ack;
        reset.tcp_flags = RTE_TCP_RST_FLAG;
    } else {
        reset.recv_ack = rte_cpu_to_be_32(rte_be_to_cpu_32(tcp->sent_seq) + occupied);
        reset.tcp_flags = RTE_TCP_RST_FLAG | RTE_TCP_ACK_FLAG;
    }
    constexpr std::uint16_t length = sizeof(rte_ether_hdr) + sizeof(rte_ipv4_hdr) + sizeof(reset);
    if (!resize(packet, length)) return false;
    swap_macs(packet);
    auto* new_ip = rte_pktmbuf_mtod_offset(&packet, rte_ipv4_hdr*, sizeof(rte_ether_hdr));
    write_ip_header(*new_ip, parsed.key, IPPROTO_TCP, sizeof(reset));
    reset.cksum = rte_ipv4_udptcp_cksum(new_ip, &reset);
    std::memcpy(new_ip + 1, &reset, sizeof(reset));
    return true;
}

bool answer_udp(rte_mbuf& packet, const Parsed& parsed) {
    // RFC 792: the header and the first 64 bits of the datagram come back. The quoted header may
    // carry options, and is moved up by what stands before it.
    constexpr std::uint16_t before = sizeof(rte_ipv4_hdr) + sizeof(rte_icmp_hdr);
    const auto quoted = static_cast<std::uint16_t>(parsed.l4_offset - sizeof(rte_ether_hdr) + 8);
    std::array<unsigned char, 60 + 8> quote{};
    std::memcpy(quote.data(),
                rte_pktmbuf_mtod_offset(&packet, const unsigned char*, sizeof(rte_ether_hdr)),
                std::min<std::size_t>(quoted, quote.size()));
    if (!resize(packet, static_cast<std::uint16_t>(sizeof(rte_ether_hdr) + before + quoted)))
        return false;
    swap_macs(packet);
    auto* ip = rte_pktmbuf_mtod_offset(&packet, rte_ipv4_hdr*, sizeof(rte_ether_hdr));
    auto* icmp = reinterpret_cast<rte_icmp_hdr*>(ip + 1);
    *icmp = {};
    icmp->icmp_type = destination_unreachable;
    icmp->icmp_code = port_unreachable;
    std::memcpy(icmp + 1, quote.data(), quoted);
    icmp->icmp_cksum = static_cast<std::uint16_t>(~rte_raw_cksum(icmp, sizeof(*icmp) + quoted));
    write_ip_header(*ip, parsed.key, IPPROTO_ICMP,
                    static_cast<std::uint16_t>(sizeof(*icmp) + quoted));
    return true;
}

} // namespace

bool turn_into_rejection(rte_mbuf& packet, const Parsed& parsed) {
    return parsed.key.protocol == IPPROTO_TCP ? answer_tcp(packet, parsed)
                                              : answer_udp(packet, parsed);
}

} // namespace lbd::dataplane
