// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/parse.h"

#include <rte_ether.h>

#include "lb/dataplane/parse_layers.h"

namespace lbd::dataplane {

namespace {

constexpr std::uint16_t vlan_id_mask = 0x0fff;

// The EtherType behind at most one 802.1Q tag, which the device may have taken off already.
rte_be16_t network_protocol(const rte_mbuf& packet, const rte_ether_hdr& ethernet, Parsed& parsed) {
    parsed.vlan = 0;
    parsed.l3_offset = sizeof(rte_ether_hdr);
    if ((packet.ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0) {
        parsed.vlan = packet.vlan_tci & vlan_id_mask;
    } else if (ethernet.ether_type == rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN)) {
        if (packet.data_len < sizeof(rte_ether_hdr) + sizeof(rte_vlan_hdr)) return 0;
        const auto* tag = layers::at<rte_vlan_hdr>(packet, sizeof(rte_ether_hdr));
        parsed.vlan = rte_be_to_cpu_16(tag->vlan_tci) & vlan_id_mask;
        parsed.l3_offset += sizeof(rte_vlan_hdr);
        return tag->eth_proto;
    }
    return ethernet.ether_type;
}

} // namespace

void parse(const rte_mbuf& packet, const OwnMacs& own, Parsed& parsed) {
    if (packet.data_len < sizeof(rte_ether_hdr))
        return layers::malformed(parsed, DropReason::truncated_ethernet);
    const auto* ethernet = rte_pktmbuf_mtod(&packet, const rte_ether_hdr*);
    const rte_be16_t protocol = network_protocol(packet, *ethernet, parsed);
    if (!own.contains(OwnMacs::word_of(ethernet->dst_addr))) {
        if (!rte_is_multicast_ether_addr(&ethernet->dst_addr))
            return layers::malformed(parsed, DropReason::wrong_mac);
        parsed.kind = PacketClass::host;
        return;
    }
    if (protocol == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4)) {
        layers::ipv4(packet, parsed);
    } else if (protocol == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV6)) {
        layers::ipv6(packet, parsed);
    } else if (protocol == 0) {
        layers::malformed(parsed, DropReason::truncated_ethernet);
    } else {
        parsed.kind = PacketClass::host;
    }
}

} // namespace lbd::dataplane
