// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/trace.h"

#include <netinet/in.h>
#include <rte_ip.h>

#include <cstring>

namespace lbd::dataplane {

namespace {

// A frame's bytes, of which none beyond its first segment is read.
struct Bytes {
    const std::uint8_t* data;
    std::size_t length;

    bool reaches(std::size_t end) const { return end <= length; }
    rte_be16_t word(std::size_t at) const {
        rte_be16_t value = 0;
        std::memcpy(&value, data + at, sizeof(value));
        return value;
    }
    Ipv6 address(std::size_t at, std::size_t size) const {
        Ipv6 value{};
        std::memcpy(value.data(), data + at, size);
        return value;
    }
};

void read_ports(const Bytes& bytes, std::size_t l4, TracedPacket& traced) {
    traced.has_ports =
        (traced.protocol == IPPROTO_TCP || traced.protocol == IPPROTO_UDP) && bytes.reaches(l4 + 4);
    if (!traced.has_ports) return;
    traced.client_port = bytes.word(l4);
    traced.port = bytes.word(l4 + 2);
    constexpr std::size_t flags = 13;
    if (traced.protocol == IPPROTO_TCP && bytes.reaches(l4 + flags + 1))
        traced.tcp_flags = bytes.data[l4 + flags];
}

bool read_ipv4(const Bytes& bytes, std::size_t l3, TracedPacket& traced) {
    if (!bytes.reaches(l3 + sizeof(rte_ipv4_hdr))) return false;
    traced.sender = bytes.address(l3 + offsetof(rte_ipv4_hdr, src_addr), 4);
    traced.destination = bytes.address(l3 + offsetof(rte_ipv4_hdr, dst_addr), 4);
    traced.protocol = bytes.data[l3 + offsetof(rte_ipv4_hdr, next_proto_id)];
    const rte_be16_t fragment = bytes.word(l3 + offsetof(rte_ipv4_hdr, fragment_offset));
    const std::size_t header = (bytes.data[l3] & 15u) * 4u;
    if (header >= sizeof(rte_ipv4_hdr) && (fragment & RTE_BE16(RTE_IPV4_HDR_OFFSET_MASK)) == 0)
        read_ports(bytes, l3 + header, traced);
    return true;
}

bool read_ipv6(const Bytes& bytes, std::size_t l3, TracedPacket& traced) {
    traced.ipv6 = true;
    if (!bytes.reaches(l3 + sizeof(rte_ipv6_hdr))) return false;
    traced.sender = bytes.address(l3 + offsetof(rte_ipv6_hdr, src_addr), sizeof(Ipv6));
    traced.destination = bytes.address(l3 + offsetof(rte_ipv6_hdr, dst_addr), sizeof(Ipv6));
    traced.protocol = bytes.data[l3 + offsetof(rte_ipv6_hdr, proto)];
    read_ports(bytes, l3 + sizeof(rte_ipv6_hdr), traced);
    return true;
}

bool read_frame(const Bytes& bytes, TracedPacket& traced) {
    std::size_t l3 = sizeof(rte_ether_hdr);
    if (!bytes.reaches(l3)) return false;
    if (bytes.word(l3 - 2) == RTE_BE16(RTE_ETHER_TYPE_VLAN)) l3 += sizeof(rte_vlan_hdr);
    if (!bytes.reaches(l3)) return false;
    const rte_be16_t type = bytes.word(l3 - 2);
    if (type == RTE_BE16(RTE_ETHER_TYPE_IPV4)) return read_ipv4(bytes, l3, traced);
    return type == RTE_BE16(RTE_ETHER_TYPE_IPV6) && read_ipv6(bytes, l3, traced);
}

template <class Key>
Ipv6 wide(const Key& address) {
    if constexpr (sizeof(address) == sizeof(Ipv6))
        return address;
    else
        return ForwardingTable::widened(address);
}

// What the parser has found goes before what lies where it usually does.
template <class Key>
void take_key(const Key& key, const Parsed& parsed, TracedPacket& traced) {
    traced.client = wide(key.client);
    traced.destination = wide(key.vip);
    traced.client_port = key.client_port;
    traced.port = key.vip_port;
    traced.protocol = key.protocol;
    traced.has_ports = parsed.kind != PacketClass::fragment;
    traced.tcp_flags = parsed.kind == PacketClass::flow ? parsed.tcp_flags : std::uint8_t{0};
}

} // namespace

std::optional<TracedPacket> traced_packet(const rte_mbuf& packet, const Parsed& parsed) {
    TracedPacket traced;
    const Bytes bytes{rte_pktmbuf_mtod(&packet, const std::uint8_t*), packet.data_len};
    if (!read_frame(bytes, traced)) return std::nullopt;
    traced.bytes = static_cast<std::uint16_t>(packet.pkt_len);
    traced.client = traced.sender;
    traced.kind = parsed.kind;
    switch (parsed.kind) {
        case PacketClass::flow:
        case PacketClass::fragment:
        case PacketClass::icmp_error:
            if (parsed.ipv6)
                take_key(parsed.v6, parsed, traced);
            else
                take_key(parsed.v4, parsed, traced);
            break;
        case PacketClass::host:
        case PacketClass::malformed:
            break;
    }
    return traced;
}

bool TraceWish::matches(const TracedPacket& packet) const {
    if (packet.ipv6 != ipv6 || (packet.client != client && packet.sender != client)) return false;
    return port == 0 || !packet.has_ports || packet.client_port == port;
}

} // namespace lbd::dataplane
