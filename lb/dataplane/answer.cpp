// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/answer.h"

#include <netinet/in.h>
#include <rte_ether.h>
#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_tcp.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "lb/dataplane/flow_key.h"

namespace lbd::dataplane {

namespace {

constexpr std::uint8_t ttl_of_answers = 64;

bool is_ipv6(const rte_mbuf& packet, std::uint16_t l3_offset) {
    return *rte_pktmbuf_mtod_offset(&packet, const unsigned char*, l3_offset) >> 4 == 6;
}

void swap_macs(rte_mbuf& packet) {
    auto* ethernet = rte_pktmbuf_mtod(&packet, rte_ether_hdr*);
    std::swap(ethernet->src_addr, ethernet->dst_addr);
}

// Cuts the frame, one segment from now on, to `length` bytes.
void cut(rte_mbuf& packet, std::uint32_t length) {
    if (packet.next != nullptr) rte_pktmbuf_free(std::exchange(packet.next, nullptr));
    packet.nb_segs = 1;
    packet.data_len = static_cast<std::uint16_t>(std::min<std::uint32_t>(packet.data_len, length));
    packet.pkt_len = packet.data_len;
    packet.ol_flags = 0;
}

rte_ipv4_hdr answering_ipv4(const rte_ipv4_hdr& asked, std::uint8_t protocol,
                            std::uint32_t payload) {
    rte_ipv4_hdr ip{};
    ip.version_ihl = RTE_IPV4_VHL_DEF;
    ip.total_length = rte_cpu_to_be_16(static_cast<std::uint16_t>(sizeof(ip) + payload));
    ip.fragment_offset = rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG);
    ip.time_to_live = ttl_of_answers;
    ip.next_proto_id = protocol;
    ip.src_addr = asked.dst_addr;
    ip.dst_addr = asked.src_addr;
    ip.hdr_checksum = rte_ipv4_cksum(&ip);
    return ip;
}

rte_ipv6_hdr answering_ipv6(const rte_ipv6_hdr& asked, std::uint8_t protocol,
                            std::uint32_t payload) {
    rte_ipv6_hdr ip{};
    ip.vtc_flow = rte_cpu_to_be_32(0x60000000);
    ip.payload_len = rte_cpu_to_be_16(static_cast<std::uint16_t>(payload));
    ip.proto = protocol;
    ip.hop_limits = ttl_of_answers;
    std::memcpy(&ip.src_addr, &asked.dst_addr, sizeof(ip.src_addr));
    std::memcpy(&ip.dst_addr, &asked.src_addr, sizeof(ip.dst_addr));
    return ip;
}

// Bytes of TCP payload, and one each for SYN and FIN, as sequence numbers count them.
std::uint32_t occupied(const rte_tcp_hdr& tcp, std::uint32_t segment_length) {
    return segment_length - (tcp.data_off >> 4) * 4u +
           ((tcp.tcp_flags & RTE_TCP_SYN_FLAG) != 0 ? 1 : 0) +
           ((tcp.tcp_flags & RTE_TCP_FIN_FLAG) != 0 ? 1 : 0);
}

rte_tcp_hdr reset_for(const rte_tcp_hdr& tcp, std::uint32_t segment_length) {
    rte_tcp_hdr reset{};
    reset.src_port = tcp.dst_port;
    reset.dst_port = tcp.src_port;
    reset.data_off = (sizeof(reset) / 4) << 4;
    if ((tcp.tcp_flags & RTE_TCP_ACK_FLAG) != 0) {
        reset.sent_seq = tcp.recv_ack;
        reset.tcp_flags = RTE_TCP_RST_FLAG;
    } else {
        reset.recv_ack =
            rte_cpu_to_be_32(rte_be_to_cpu_32(tcp.sent_seq) + occupied(tcp, segment_length));
        reset.tcp_flags = RTE_TCP_RST_FLAG | RTE_TCP_ACK_FLAG;
    }
    return reset;
}

// Writes IP header and TCP header over what is there: a RST is never longer than what it answers.
template <class Ip>
void write_reset(rte_mbuf& packet, std::uint16_t l3_offset, const Ip& ip, rte_tcp_hdr reset) {
    if constexpr (sizeof(Ip) == sizeof(rte_ipv4_hdr))
        reset.cksum = rte_ipv4_udptcp_cksum(&ip, &reset);
    else
        reset.cksum = rte_ipv6_udptcp_cksum(&ip, &reset);
    auto* at = rte_pktmbuf_mtod_offset(&packet, unsigned char*, l3_offset);
    std::memcpy(at, &ip, sizeof(ip));
    std::memcpy(at + sizeof(ip), &reset, sizeof(reset));
    cut(packet, l3_offset + sizeof(ip) + sizeof(reset));
    swap_macs(packet);
}

bool answer_tcp(rte_mbuf& packet, std::uint16_t l3_offset, std::uint16_t l4_offset) {
    const auto* ip = rte_pktmbuf_mtod_offset(&packet, const unsigned char*, l3_offset);
    rte_tcp_hdr tcp;
    std::memcpy(&tcp, rte_pktmbuf_mtod_offset(&packet, const void*, l4_offset), sizeof(tcp));
    if ((tcp.tcp_flags & RTE_TCP_RST_FLAG) != 0) return false;
    const std::uint32_t before = l4_offset - std::uint32_t{l3_offset};
    if (is_ipv6(packet, l3_offset)) {
        rte_ipv6_hdr asked;
        std::memcpy(&asked, ip, sizeof(asked));
        const std::uint32_t length = sizeof(asked) + rte_be_to_cpu_16(asked.payload_len) - before;
        write_reset(packet, l3_offset, answering_ipv6(asked, IPPROTO_TCP, sizeof(tcp)),
                    reset_for(tcp, length));
    } else {
        rte_ipv4_hdr asked;
        std::memcpy(&asked, ip, sizeof(asked));
        const std::uint32_t length = rte_be_to_cpu_16(asked.total_length) - before;
        write_reset(packet, l3_offset, answering_ipv4(asked, IPPROTO_TCP, sizeof(tcp)),
                    reset_for(tcp, length));
    }
    return true;
}

struct IcmpError {
    std::uint8_t type4;
    std::uint8_t code4;
    std::uint8_t type6;
    std::uint8_t code6;
    rte_be32_t rest; // of the header: unused, or the MTU
};

// Puts IP and ICMP headers before the IP packet, which thereby becomes the quote. RFC 1812 4.3.2.3
// and RFC 4443 2.4(c) say how much of it.
template <class Ip, class Write>
bool quote(rte_mbuf& packet, std::uint16_t l3_offset, std::uint32_t ip_length, std::uint32_t most,
           Write&& write) {
    constexpr std::uint16_t added = sizeof(Ip) + sizeof(rte_icmp_hdr);
    if (rte_pktmbuf_headroom(&packet) < added) return false;
    cut(packet, l3_offset + std::min(ip_length, most - added));
    auto* const old_start = rte_pktmbuf_mtod(&packet, unsigned char*);
    auto* const start = reinterpret_cast<unsigned char*>(rte_pktmbuf_prepend(&packet, added));
    std::memmove(start, old_start, l3_offset);
    write(start + l3_offset, packet.data_len - l3_offset - std::uint32_t{sizeof(Ip)});
    swap_macs(packet);
    return true;
}

bool quote_ipv4(rte_mbuf& packet, std::uint16_t l3_offset, const IcmpError& error) {
    constexpr std::uint32_t most = 576;
    rte_ipv4_hdr asked;
    std::memcpy(&asked, rte_pktmbuf_mtod_offset(&packet, const void*, l3_offset), sizeof(asked));
    return quote<rte_ipv4_hdr>(
        packet, l3_offset, rte_be_to_cpu_16(asked.total_length), most,
        [&](unsigned char* at, std::uint32_t payload) {
            const rte_ipv4_hdr ip = answering_ipv4(asked, IPPROTO_ICMP, payload);
            rte_icmp_hdr icmp{error.type4, error.code4, 0, 0, 0};
            std::memcpy(&icmp.icmp_ident, &error.rest, sizeof(error.rest));
            std::memcpy(at, &ip, sizeof(ip));
            std::memcpy(at + sizeof(ip), &icmp, sizeof(icmp));
            icmp.icmp_cksum = static_cast<std::uint16_t>(~rte_raw_cksum(at + sizeof(ip), payload));
            std::memcpy(at + sizeof(ip), &icmp, sizeof(icmp));
        });
}

bool quote_ipv6(rte_mbuf& packet, std::uint16_t l3_offset, const IcmpError& error) {
    constexpr std::uint32_t most = 1280;
    rte_ipv6_hdr asked;
    std::memcpy(&asked, rte_pktmbuf_mtod_offset(&packet, const void*, l3_offset), sizeof(asked));
    return quote<rte_ipv6_hdr>(
        packet, l3_offset, sizeof(asked) + rte_be_to_cpu_16(asked.payload_len), most,
        [&](unsigned char* at, std::uint32_t payload) {
            const rte_ipv6_hdr ip = answering_ipv6(asked, IPPROTO_ICMPV6, payload);
            rte_icmp_hdr icmp{error.type6, error.code6, 0, 0, 0};
            std::memcpy(&icmp.icmp_ident, &error.rest, sizeof(error.rest));
            std::memcpy(at, &ip, sizeof(ip));
            std::memcpy(at + sizeof(ip), &icmp, sizeof(icmp));
            icmp.icmp_cksum = rte_ipv6_udptcp_cksum(&ip, at + sizeof(ip));
            std::memcpy(at + sizeof(ip), &icmp, sizeof(icmp));
        });
}

bool turn_into_error(rte_mbuf& packet, std::uint16_t l3_offset, const IcmpError& error) {
    return is_ipv6(packet, l3_offset) ? quote_ipv6(packet, l3_offset, error)
                                      : quote_ipv4(packet, l3_offset, error);
}

} // namespace

bool turn_into_reset(rte_mbuf& packet, std::uint16_t l3_offset, std::uint16_t l4_offset) {
    return answer_tcp(packet, l3_offset, l4_offset);
}

bool turn_into_port_unreachable(rte_mbuf& packet, std::uint16_t l3_offset) {
    return turn_into_error(packet, l3_offset, {3, 3, 1, 4, 0});
}

bool turn_into_time_exceeded(rte_mbuf& packet, std::uint16_t l3_offset) {
    return turn_into_error(packet, l3_offset, {11, 0, 3, 0, 0});
}

bool turn_into_too_big(rte_mbuf& packet, std::uint16_t l3_offset, std::uint16_t mtu) {
    constexpr std::uint16_t least_of_ipv6 = 1280; // RFC 8200 5: no link is allowed less
    const bool six = is_ipv6(packet, l3_offset);
    return turn_into_error(
        packet, l3_offset,
        {3, 4, 2, 0, rte_cpu_to_be_32(six ? std::max(mtu, least_of_ipv6) : mtu)});
}

} // namespace lbd::dataplane
