// SPDX-License-Identifier: BSD-3-Clause
#include <rte_icmp.h>
#include <rte_ip.h>

#include <cstring>

#include "lb/dataplane/parse_layers.h"

namespace lbd::dataplane::layers {

namespace {

constexpr unsigned most_extensions = 8; // longer chains are attacks; RFC 8504 5.3 allows the limit

struct FragmentHeader { // RFC 8200 4.5
    std::uint8_t next;
    std::uint8_t reserved;
    rte_be16_t offset_and_more;
    rte_be32_t id;
} __rte_packed; // it lies wherever the headers before it end
constexpr std::uint16_t offset_mask = 0xfff8;
constexpr std::uint16_t more_mask = 0x0001;

// `field` points to an address in rte_ipv6_hdr, which is a struct since DPDK 24.11 and was an array
// before; its bytes are the same.
Ipv6 address(const void* field) {
    Ipv6 result;
    std::memcpy(result.data(), field, result.size());
    return result;
}

// RFC 4291 2.5.2, 2.5.3, 2.7: unspecified, loopback, multicast and IPv4-mapped never are a source
// on the wire.
bool ipv6_impossible_source(const Ipv6& source) {
    if (source[0] == 0xff) return true;
    if (detail::word(source.data(), 0) != 0) return false;
    constexpr Ipv6 loopback{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    const bool mapped =
        source[8] == 0 && source[9] == 0 && source[10] == 0xff && source[11] == 0xff;
    return mapped || source == Ipv6{} || source == loopback;
}

// Where the upper layer begins and what it is.
struct Upper {
    std::uint32_t offset;
    std::uint8_t protocol;
    DropReason fault;
    const FragmentHeader* fragment; // nullptr: whole; not followed further if it is a later one
};

// Bytes of an extension header, 0 if `protocol` is none that can be passed over.
std::uint32_t extension_length(std::uint8_t protocol, std::uint8_t length_field) {
    switch (protocol) {
        case IPPROTO_HOPOPTS:
        case IPPROTO_ROUTING:
        case IPPROTO_DSTOPTS:
            return (length_field + 1u) * 8;
        case IPPROTO_AH: // RFC 4302 2.2: in words of four, less two
            return (length_field + 2u) * 4;
        case IPPROTO_FRAGMENT:
            return sizeof(FragmentHeader);
        default:
            return 0;
    }
}

bool is_later_fragment(const FragmentHeader& header) {
    return (header.offset_and_more & rte_cpu_to_be_16(offset_mask)) != 0;
}

Upper find_upper(const rte_mbuf& packet, std::uint32_t offset, std::uint8_t protocol) {
    Upper upper{offset, protocol, DropReason::none, nullptr};
    for (unsigned i = 0; i < most_extensions; ++i) {
        if (extension_length(upper.protocol, 0) == 0) return upper;
        if (upper.offset + sizeof(FragmentHeader) > packet.data_len) {
            upper.fault = DropReason::truncated_ip;
            return upper;
        }
        const auto* header = at<std::uint8_t>(packet, upper.offset);
        if (upper.protocol == IPPROTO_FRAGMENT) {
            upper.fragment = at<FragmentHeader>(packet, upper.offset);
            if (is_later_fragment(*upper.fragment)) {
                upper.protocol = header[0];
                return upper;
            }
        }
        upper.offset += extension_length(upper.protocol, header[1]);
        upper.protocol = header[0];
    }
    upper.fault = DropReason::bad_ipv6_extension;
    return upper;
}

bool is_whole(const FragmentHeader* header) { // RFC 6946: an atomic fragment is
    constexpr std::uint16_t either = offset_mask | more_mask;
    return header == nullptr || (header->offset_and_more & rte_cpu_to_be_16(either)) == 0;
}

// RFC 4443 2.1: errors have types below 128.
void parse_icmp_over_ipv6(const rte_mbuf& packet, const Ipv6& destination, Parsed& parsed) {
    constexpr std::uint8_t first_informational = 128;
    parsed.kind = PacketClass::host;
    const std::uint32_t quote = parsed.l4_offset + sizeof(rte_icmp_hdr);
    if (quote + sizeof(rte_ipv6_hdr) > packet.data_len) return;
    if (at<rte_icmp_hdr>(packet, parsed.l4_offset)->icmp_type >= first_informational) return;
    const auto* quoted = at<rte_ipv6_hdr>(packet, quote);
    const Ipv6 vip = address(&quoted->src_addr);
    if ((quoted->vtc_flow & rte_cpu_to_be_32(0xf0000000)) != rte_cpu_to_be_32(0x60000000) ||
        vip != destination)
        return;
    const Upper upper = find_upper(packet, quote + sizeof(rte_ipv6_hdr), quoted->proto);
    if (upper.fault != DropReason::none) return;
    if (upper.fragment != nullptr && is_later_fragment(*upper.fragment)) return;
    parsed.v6 = {address(&quoted->dst_addr), vip, 0, 0, upper.protocol, {}};
    parsed.tcp_flags = 0;
    if (quoted_ports(packet, upper.offset, parsed.v6)) parsed.kind = PacketClass::icmp_error;
}

DropReason ipv6_header_fault(const rte_mbuf& packet, const rte_ipv6_hdr& ip, std::uint32_t offset) {
    if ((ip.vtc_flow & rte_cpu_to_be_32(0xf0000000)) != rte_cpu_to_be_32(0x60000000))
        return DropReason::bad_ip_version;
    if (rte_be_to_cpu_16(ip.payload_len) > packet.pkt_len - offset - sizeof(ip))
        return DropReason::bad_ip_length;
    return DropReason::none;
}

} // namespace

void ipv6(const rte_mbuf& packet, Parsed& parsed) {
    parsed.ipv6 = true;
    if (packet.data_len < parsed.l3_offset + sizeof(rte_ipv6_hdr))
        return malformed(parsed, DropReason::truncated_ip);
    const auto* ip = at<rte_ipv6_hdr>(packet, parsed.l3_offset);
    const DropReason fault = ipv6_header_fault(packet, *ip, parsed.l3_offset);
    if (fault != DropReason::none) return malformed(parsed, fault);

    const std::uint32_t start = parsed.l3_offset + sizeof(rte_ipv6_hdr);
    const std::uint32_t end = start + rte_be_to_cpu_16(ip->payload_len);
    const Upper upper = find_upper(packet, start, ip->proto);
    if (upper.fault != DropReason::none) return malformed(parsed, upper.fault);
    if (upper.offset > end) return malformed(parsed, DropReason::bad_ip_length);
    parsed.v6 = {address(&ip->src_addr), address(&ip->dst_addr), 0, 0, upper.protocol, {}};
    if (ipv6_impossible_source(parsed.v6.client)) {
        // Duplicate address detection asks from the unspecified address (RFC 4861 4.3).
        if (upper.protocol != IPPROTO_ICMPV6) return malformed(parsed, DropReason::bad_source);
        parsed.kind = PacketClass::host;
        return;
    }
    parsed.l4_offset = static_cast<std::uint16_t>(upper.offset);
    parsed.first_fragment = false;
    if (!is_whole(upper.fragment)) {
        parsed.fragment_id = upper.fragment->id;
        parsed.kind = PacketClass::fragment;
        if (is_later_fragment(*upper.fragment)) return;
        parsed.first_fragment = true;
    }
    if (upper.protocol == IPPROTO_TCP || upper.protocol == IPPROTO_UDP)
        transport(packet, end - upper.offset, parsed.v6, parsed);
    else if (upper.protocol == IPPROTO_ICMPV6 && !parsed.first_fragment)
        parse_icmp_over_ipv6(packet, parsed.v6.vip, parsed);
    else
        parsed.kind = PacketClass::host;
}

} // namespace lbd::dataplane::layers
