// SPDX-License-Identifier: BSD-3-Clause
#include "tests/model/frames.h"

#include <rte_icmp.h>

namespace lbd::model {

using namespace dataplane;
using test::Frame;

namespace {

constexpr std::uint8_t icmp6_time_exceeded = 3;
constexpr std::uint8_t icmp_time_exceeded = 11;

void write_fragment_bits(Frame& frame, const Packet& packet) {
    rte_ipv4_hdr& ip = frame.ip_header();
    ip.packet_id = test::be(packet.fragment_id);
    if (packet.kind == PacketKind::first_fragment)
        ip.fragment_offset = test::be(RTE_IPV4_HDR_MF_FLAG);
    if (packet.kind == PacketKind::later_fragment) ip.fragment_offset = test::be(8);
}

void write_ipv4(Frame& frame, const Packet& packet) {
    const auto key = key_of<KeyV4>(packet);
    if (packet.protocol == IPPROTO_TCP)
        Frame::tcp(frame, key.client, packet.client_port, key.vip, packet.vip_port,
                   packet.tcp_flags, 16);
    else
        Frame::udp(frame, key.client, packet.client_port, key.vip, packet.vip_port, 16);
    frame.ip_header().time_to_live = packet.ttl;
    write_fragment_bits(frame, packet);
    frame.checksum();
    if (packet.kind == PacketKind::bad_checksum) frame.ip_header().hdr_checksum ^= 0x0101;
}

// What the backend sent to the client, as a router quotes it.
void write_error4(Frame& frame, const Packet& packet) {
    const auto key = key_of<KeyV4>(packet);
    rte_ipv4_hdr quoted{};
    quoted.version_ihl = 0x45;
    quoted.total_length = test::be(40);
    quoted.next_proto_id = packet.protocol;
    quoted.src_addr = key.vip;
    quoted.dst_addr = key.client;
    const std::array<rte_be16_t, 4> ports{key.vip_port, key.client_port, 0, 0};
    frame.ipv4(test::Scene<KeyV4>::address(77'777), key.vip, IPPROTO_ICMP,
               sizeof(rte_icmp_hdr) + sizeof(quoted) + sizeof(ports));
    rte_icmp_hdr icmp{};
    icmp.icmp_type = icmp_time_exceeded;
    std::memcpy(frame.l4(), &icmp, sizeof(icmp));
    std::memcpy(frame.l4() + sizeof(icmp), &quoted, sizeof(quoted));
    std::memcpy(frame.l4() + sizeof(icmp) + sizeof(quoted), ports.data(), sizeof(ports));
}

void write_error6(Frame& frame, const Packet& packet) {
    const auto key = key_of<KeyV6>(packet);
    rte_ipv6_hdr quoted{};
    quoted.vtc_flow = Frame::be32(0x60000000);
    quoted.payload_len = test::be(20);
    quoted.proto = packet.protocol;
    std::memcpy(&quoted.src_addr, key.vip.data(), key.vip.size());
    std::memcpy(&quoted.dst_addr, key.client.data(), key.client.size());
    const std::array<rte_be16_t, 4> ports{key.vip_port, key.client_port, 0, 0};
    rte_icmp_hdr icmp{};
    icmp.icmp_type = icmp6_time_exceeded;
    auto& ip = frame.ipv6(test::Scene<KeyV6>::address(77'777), key.vip, IPPROTO_ICMPV6,
                          sizeof(icmp) + sizeof(quoted) + sizeof(ports));
    auto* at = reinterpret_cast<unsigned char*>(&ip + 1);
    std::memcpy(at, &icmp, sizeof(icmp));
    std::memcpy(at + sizeof(icmp), &quoted, sizeof(quoted));
    std::memcpy(at + sizeof(icmp) + sizeof(quoted), ports.data(), sizeof(ports));
}

void write_ipv6(Frame& frame, const Packet& packet) {
    const auto key = key_of<KeyV6>(packet);
    Frame::over_ipv6(frame, key.client, packet.client_port, key.vip, packet.vip_port,
                     packet.protocol, packet.tcp_flags);
    reinterpret_cast<rte_ipv6_hdr*>(frame.data() + sizeof(rte_ether_hdr))->hop_limits = packet.ttl;
}

} // namespace

void write(Frame& frame, const Packet& packet, const rte_ether_addr& to) {
    if (packet.kind == PacketKind::icmp_error)
        packet.ipv6 ? write_error6(frame, packet) : write_error4(frame, packet);
    else
        packet.ipv6 ? write_ipv6(frame, packet) : write_ipv4(frame, packet);
    frame.ethernet().dst_addr = to;
    if (packet.kind == PacketKind::wrong_mac) frame.ethernet().dst_addr.addr_bytes[5] ^= 0x55;
    if (packet.kind == PacketKind::arp) frame.ethernet().ether_type = test::be(RTE_ETHER_TYPE_ARP);
}

} // namespace lbd::model
