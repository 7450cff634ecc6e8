// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/specimen.h"

#include <netinet/in.h>
#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace lbd::dataplane {

namespace {

constexpr std::uint8_t echo_request4 = 8;
constexpr std::uint8_t echo_request6 = 128; // RFC 4443 4.1

class Frame {
  public:
    explicit Frame(const rte_ether_addr& to) {
        rte_ether_hdr ethernet{};
        ethernet.dst_addr = to;
        append(ethernet);
    }
    void ethernet_type(std::uint16_t type) {
        const rte_be16_t value = rte_cpu_to_be_16(type);
        std::memcpy(&bytes_[offsetof(rte_ether_hdr, ether_type)], &value, sizeof(value));
    }
    template <class Header>
    void append(const Header& header) {
        std::memcpy(&bytes_[length_], &header, sizeof(header));
        length_ = static_cast<std::uint16_t>(length_ + sizeof(header));
    }
    Parsed parsed(const OwnMacs& own) {
        rte_mbuf packet{};
        packet.buf_addr = bytes_.data();
        packet.buf_len = static_cast<std::uint16_t>(bytes_.size());
        packet.nb_segs = 1;
        packet.data_len = length_;
        packet.pkt_len = length_;
        // What parse() does not set nobody reads.
        Parsed result; // NOLINT(clang-analyzer-optin.cplusplus.UninitializedObject)
        parse(packet, own, result);
        return result;
    }

  private:
    std::array<unsigned char, 128> bytes_{};
    std::uint16_t length_ = 0;
};

std::uint16_t length_of_transport(std::uint8_t protocol) {
    return protocol == IPPROTO_TCP   ? sizeof(rte_tcp_hdr)
           : protocol == IPPROTO_UDP ? sizeof(rte_udp_hdr)
                                     : sizeof(rte_icmp_hdr);
}

template <class Key>
void append_transport(Frame& frame, const Key& key, std::uint8_t echo_request) {
    if (key.protocol == IPPROTO_TCP) {
        rte_tcp_hdr tcp{};
        tcp.src_port = key.client_port;
        tcp.dst_port = key.vip_port;
        tcp.data_off = sizeof(tcp) / 4 << 4;
        tcp.tcp_flags = RTE_TCP_SYN_FLAG;
        return frame.append(tcp);
    }
    if (key.protocol == IPPROTO_UDP) {
        rte_udp_hdr udp{};
        udp.src_port = key.client_port;
        udp.dst_port = key.vip_port;
        udp.dgram_len = rte_cpu_to_be_16(sizeof(udp));
        return frame.append(udp);
    }
    rte_icmp_hdr icmp{};
    icmp.icmp_type = echo_request;
    frame.append(icmp);
}

} // namespace

Parsed parsed_specimen(const KeyV4& key, const rte_ether_addr& mac, const OwnMacs& own) {
    Frame frame(mac);
    frame.ethernet_type(RTE_ETHER_TYPE_IPV4);
    rte_ipv4_hdr ip{};
    ip.version_ihl = RTE_IPV4_VHL_DEF;
    ip.total_length = rte_cpu_to_be_16(
        static_cast<std::uint16_t>(sizeof(ip) + length_of_transport(key.protocol)));
    ip.time_to_live = 64;
    ip.next_proto_id = key.protocol;
    ip.src_addr = key.client;
    ip.dst_addr = key.vip;
    ip.hdr_checksum = rte_ipv4_cksum(&ip);
    frame.append(ip);
    append_transport(frame, key, echo_request4);
    return frame.parsed(own);
}

Parsed parsed_specimen(const KeyV6& key, const rte_ether_addr& mac, const OwnMacs& own) {
    Frame frame(mac);
    frame.ethernet_type(RTE_ETHER_TYPE_IPV6);
    rte_ipv6_hdr ip{};
    ip.vtc_flow = rte_cpu_to_be_32(0x60000000);
    ip.payload_len = rte_cpu_to_be_16(length_of_transport(key.protocol));
    ip.proto = key.protocol;
    ip.hop_limits = 64;
    std::memcpy(&ip.src_addr, key.client.data(), key.client.size());
    std::memcpy(&ip.dst_addr, key.vip.data(), key.vip.size());
    frame.append(ip);
    append_transport(frame, key, echo_request6);
    return frame.parsed(own);
}

} // namespace lbd::dataplane
