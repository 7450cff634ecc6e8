// SPDX-License-Identifier: BSD-3-Clause
// parse() for the packets that nearly all traffic consists of, in a few wide loads: TCP or UDP,
// whole, in one segment, over IPv4 without options or IPv6 without extension headers, untagged. It
// decides nothing that parse() would decide otherwise: what is unusual or wrong is left to it.
#pragma once

#include <netinet/in.h>
#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include <cstdint>
#include <cstring>

#include "lb/dataplane/parse.h"

namespace lbd::dataplane {

namespace plain {

template <class Word>
Word load(const std::uint8_t* bytes) {
    Word word;
    std::memcpy(&word, bytes, sizeof(word));
    return word;
}

// RFC 1071, of a header in three words and its checksum included: all ones if it is intact.
inline bool sums_up(std::uint64_t first, std::uint64_t second, std::uint64_t third) {
    std::uint64_t sum = first + second;
    sum += sum < second ? 1 : 0;
    sum += third;
    sum += sum < third ? 1 : 0;
    sum = (sum >> 32) + (sum & 0xffffffff);
    sum = (sum >> 16) + (sum & 0xffff);
    sum = (sum >> 16) + (sum & 0xffff);
    return (sum >> 16) + (sum & 0xffff) == 0xffff;
}

// `present` bytes of the first segment and `said` bytes by the IP header are from `l4` on. Sets
// what of `parsed` is the transport's, but for the ports.
inline bool transport(const std::uint8_t* l4, std::uint8_t protocol, std::int32_t present,
                      std::int32_t said, Parsed& parsed) {
    constexpr std::int32_t tcp_header = sizeof(rte_tcp_hdr), udp_header = sizeof(rte_udp_hdr);
    if (said > present) return false;
    if (protocol == IPPROTO_TCP) {
        if (said < tcp_header) return false;
        const std::int32_t header = (l4[12] >> 4) * 4;
        parsed.tcp_flags = l4[13];
        return header >= tcp_header && header <= said;
    }
    if (protocol != IPPROTO_UDP || said < udp_header) return false;
    const std::int32_t length = rte_be_to_cpu_16(load<rte_be16_t>(l4 + 4));
    parsed.tcp_flags = 0;
    return length >= udp_header && length <= said;
}

// What all such packets have in common: one store, as the members lie side by side.
inline void set_constants(Parsed& parsed, bool ipv6, std::uint16_t ip_header) {
    parsed.vlan = 0;
    parsed.l4_offset = static_cast<std::uint16_t>(sizeof(rte_ether_hdr) + ip_header);
    parsed.l3_offset = sizeof(rte_ether_hdr);
    parsed.kind = PacketClass::flow;
    parsed.ipv6 = ipv6;
    parsed.first_fragment = false;
}

inline bool ipv4(const rte_mbuf& packet, const std::uint8_t* ip, Parsed& parsed) {
    constexpr std::int32_t header = sizeof(rte_ipv4_hdr);
    const std::int32_t present = packet.data_len - std::int32_t{sizeof(rte_ether_hdr)} - header;
    if (present < std::int32_t{sizeof(rte_udp_hdr)}) return false;
    const auto first = load<std::uint64_t>(ip);      // version to fragment offset
    const auto second = load<std::uint64_t>(ip + 8); // time to live to source
    const auto addresses = load<std::uint64_t>(ip + 12);
    constexpr std::uint64_t fragment_and_version = RTE_BE64(0xff00000000003fff);
    if ((first & fragment_and_version) != RTE_BE64(0x4500000000000000)) return false;
    if (!sums_up(first, second, addresses >> 32)) return false;
    const std::uint8_t network = ip[12];
    if (network == 0 || network == 127 || network >= 224) return false;
    const std::uint8_t protocol = ip[9];
    const std::int32_t said = rte_be_to_cpu_16(load<rte_be16_t>(ip + 2)) - header;
    const std::uint8_t* l4 = ip + header;
    parsed.v4 = KeyV4::of_words(addresses, load<std::uint32_t>(l4) | std::uint64_t{protocol} << 32);
    set_constants(parsed, false, header);
    return transport(l4, protocol, present, said, parsed);
}

inline bool ipv6(const rte_mbuf& packet, const std::uint8_t* ip, Parsed& parsed) {
    constexpr std::int32_t header = sizeof(rte_ipv6_hdr);
    const std::int32_t present = packet.data_len - std::int32_t{sizeof(rte_ether_hdr)} - header;
    if (present < std::int32_t{sizeof(rte_udp_hdr)}) return false;
    const std::uint8_t protocol = ip[6];
    const std::int32_t said = rte_be_to_cpu_16(load<rte_be16_t>(ip + 4));
    // Multicast, and the prefix in which the unspecified, loopback and mapped addresses lie.
    if (ip[0] >> 4 != 6 || ip[8] == 0xff || load<std::uint64_t>(ip + 8) == 0) return false;
    auto* key = reinterpret_cast<std::uint8_t*>(&parsed.v6);
    std::memcpy(key, ip + 8, 2 * sizeof(Ipv6));
    const std::uint8_t* l4 = ip + header;
    const std::uint64_t ports = load<std::uint32_t>(l4) | std::uint64_t{protocol} << 32;
    std::memcpy(key + 2 * sizeof(Ipv6), &ports, sizeof(ports));
    set_constants(parsed, true, header);
    return transport(l4, protocol, present, said, parsed);
}

} // namespace plain

// Whether `packet` is such a packet; if not, `parsed` is undefined.
inline bool parse_plain(const rte_mbuf& packet, const OwnMacs& own, Parsed& parsed) {
    constexpr std::uint64_t address = 0xffffffffffff, stripped = RTE_MBUF_F_RX_VLAN_STRIPPED;
    if (packet.data_len < sizeof(rte_ether_hdr) || (packet.ol_flags & stripped) != 0) return false;
    const auto* frame = rte_pktmbuf_mtod(&packet, const std::uint8_t*);
    if (!own.contains(plain::load<std::uint64_t>(frame) & address)) return false;
    const auto type = plain::load<rte_be16_t>(frame + 12);
    if (type == RTE_BE16(RTE_ETHER_TYPE_IPV4))
        return plain::ipv4(packet, frame + sizeof(rte_ether_hdr), parsed);
    return type == RTE_BE16(RTE_ETHER_TYPE_IPV6) &&
           plain::ipv6(packet, frame + sizeof(rte_ether_hdr), parsed);
}

} // namespace lbd::dataplane
