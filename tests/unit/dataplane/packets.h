// SPDX-License-Identifier: BSD-3-Clause
// Builds frames for tests, in memory of their own: no EAL, no mempool.
#pragma once

#include <netinet/in.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>

#include "lb/dataplane/flow_key.h"
#include "lb/dataplane/own_macs.h"

namespace lbd::dataplane::test {

inline constexpr rte_ether_addr own_mac{{0x02, 0, 0, 0, 0, 0x01}};
inline const OwnMacs own_macs(own_mac);
inline constexpr rte_ether_addr client_mac{{0x02, 0, 0, 0, 0, 0x99}};

constexpr rte_be32_t ip(unsigned a, unsigned b, unsigned c, unsigned d) {
    return a | b << 8 | c << 16 | d << 24;
}

constexpr std::uint16_t be(std::uint16_t host) {
    return static_cast<std::uint16_t>(host << 8 | host >> 8);
}

// The ends of the flows that the tests of parsing send.
inline constexpr rte_be32_t client = ip(198, 51, 100, 7);
inline constexpr rte_be32_t vip = ip(192, 0, 2, 10);
inline constexpr Ipv6 client6{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7};
inline constexpr Ipv6 vip6{0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10};

class Frame {
  public:
    static constexpr std::uint16_t headroom = 128;

    Frame() {
        packet_->buf_addr = bytes_.data();
        packet_->buf_len = static_cast<std::uint16_t>(bytes_.size());
        packet_->data_off = headroom;
        packet_->nb_segs = 1;
        ethernet().dst_addr = own_mac;
        ethernet().src_addr = client_mac;
        ethernet().ether_type = be(RTE_ETHER_TYPE_IPV4);
        length(sizeof(rte_ether_hdr));
    }
    Frame(const Frame&) = delete;
    Frame& operator=(const Frame&) = delete;

    static void tcp(Frame& frame, rte_be32_t from, std::uint16_t from_port, rte_be32_t to,
                    std::uint16_t to_port, std::uint8_t flags, std::uint16_t payload = 0) {
        rte_tcp_hdr header{};
        header.src_port = be(from_port);
        header.dst_port = be(to_port);
        header.sent_seq = be32(1000);
        header.recv_ack = be32(2000);
        header.data_off = 5 << 4;
        header.tcp_flags = flags;
        frame.ipv4(from, to, IPPROTO_TCP, static_cast<std::uint16_t>(sizeof(header) + payload));
        std::memcpy(frame.l4(), &header, sizeof(header));
    }
    static void udp(Frame& frame, rte_be32_t from, std::uint16_t from_port, rte_be32_t to,
                    std::uint16_t to_port, std::uint16_t payload = 4) {
        rte_udp_hdr header{};
        header.src_port = be(from_port);
        header.dst_port = be(to_port);
        header.dgram_len = be(static_cast<std::uint16_t>(sizeof(header) + payload));
        frame.ipv4(from, to, IPPROTO_UDP, static_cast<std::uint16_t>(sizeof(header) + payload));
        std::memcpy(frame.l4(), &header, sizeof(header));
    }

    // TCP or UDP without payload, over IPv6.
    static void over_ipv6(Frame& frame, const Ipv6& from, std::uint16_t from_port, const Ipv6& to,
                          std::uint16_t to_port, std::uint8_t protocol, std::uint8_t flags = 0) {
        const std::uint16_t l4_length =
            protocol == IPPROTO_TCP ? sizeof(rte_tcp_hdr) : sizeof(rte_udp_hdr);
        rte_ipv6_hdr& header = frame.ipv6(from, to, protocol, l4_length);
        auto* tcp = reinterpret_cast<rte_tcp_hdr*>(&header + 1);
        auto* udp = reinterpret_cast<rte_udp_hdr*>(&header + 1);
        std::memset(tcp, 0, l4_length);
        udp->src_port = be(from_port);
        udp->dst_port = be(to_port);
        if (protocol == IPPROTO_TCP) {
            tcp->data_off = 5 << 4;
            tcp->tcp_flags = flags;
        } else {
            udp->dgram_len = be(l4_length);
        }
    }

    rte_ipv6_hdr& ipv6(const Ipv6& from, const Ipv6& to, std::uint8_t next, std::uint16_t payload) {
        ethernet().ether_type = be(RTE_ETHER_TYPE_IPV6);
        auto& header = *reinterpret_cast<rte_ipv6_hdr*>(data() + sizeof(rte_ether_hdr));
        header = {};
        header.vtc_flow = be32(0x60000000);
        header.payload_len = be(payload);
        header.proto = next;
        header.hop_limits = 64;
        std::memcpy(&header.src_addr, from.data(), from.size());
        std::memcpy(&header.dst_addr, to.data(), to.size());
        length(static_cast<std::uint16_t>(sizeof(rte_ether_hdr) + sizeof(header) + payload));
        return header;
    }
    void ipv4(rte_be32_t from, rte_be32_t to, std::uint8_t protocol, std::uint16_t payload) {
        rte_ipv4_hdr& header = ip_header();
        header = {};
        header.version_ihl = 0x45;
        header.total_length = be(static_cast<std::uint16_t>(sizeof(header) + payload));
        header.time_to_live = 64;
        header.next_proto_id = protocol;
        header.src_addr = from;
        header.dst_addr = to;
        length(static_cast<std::uint16_t>(sizeof(rte_ether_hdr) + sizeof(header) + payload));
        checksum();
    }
    void checksum() {
        ip_header().hdr_checksum = 0;
        ip_header().hdr_checksum = rte_ipv4_cksum(&ip_header());
    }
    void length(std::uint16_t bytes) {
        packet_->data_len = bytes;
        packet_->pkt_len = bytes;
    }
    static constexpr std::uint32_t be32(std::uint32_t host) { return __builtin_bswap32(host); }

    rte_mbuf& packet() { return *packet_; }
    unsigned char* data() { return bytes_.data() + headroom; }
    rte_ether_hdr& ethernet() { return *reinterpret_cast<rte_ether_hdr*>(data()); }
    rte_ipv4_hdr& ip_header() {
        return *reinterpret_cast<rte_ipv4_hdr*>(data() + sizeof(rte_ether_hdr));
    }
    unsigned char* l4() { return data() + sizeof(rte_ether_hdr) + sizeof(rte_ipv4_hdr); }
    rte_tcp_hdr& tcp_header() { return *reinterpret_cast<rte_tcp_hdr*>(l4()); }

  private:
    alignas(64) std::array<unsigned char, 2048> bytes_{};
    std::unique_ptr<rte_mbuf> packet_ = std::make_unique<rte_mbuf>();
};

} // namespace lbd::dataplane::test
