// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/vlan.h"

#include <rte_byteorder.h>
#include <rte_ether.h>

#include <cstring>

namespace lbd::dataplane {

namespace {

constexpr std::size_t addresses_length = 2 * RTE_ETHER_ADDR_LEN;
constexpr std::uint16_t id_mask = 0x0fff;

bool push(rte_mbuf& packet, std::uint16_t vlan) {
    char* const old_start = rte_pktmbuf_mtod(&packet, char*);
    char* const start = rte_pktmbuf_prepend(&packet, sizeof(rte_vlan_hdr));
    if (start == nullptr) return false;
    std::memmove(start, old_start, addresses_length);
    const rte_be16_t type = rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN);
    const rte_be16_t tag = rte_cpu_to_be_16(vlan);
    std::memcpy(start + addresses_length, &type, sizeof(type));
    std::memcpy(start + addresses_length + sizeof(type), &tag, sizeof(tag));
    return true;
}

void pop(rte_mbuf& packet) {
    char* const old_start = rte_pktmbuf_mtod(&packet, char*);
    char* const start = rte_pktmbuf_adj(&packet, sizeof(rte_vlan_hdr));
    std::memmove(start, old_start, addresses_length);
}

} // namespace

bool set_tag(rte_mbuf& packet, std::uint16_t l2_length, std::uint16_t vlan) {
    const bool tagged = l2_length != sizeof(rte_ether_hdr);
    if (!tagged) return vlan == 0 || push(packet, vlan);
    if (vlan == 0) {
        pop(packet);
        return true;
    }
    auto* tag = rte_pktmbuf_mtod_offset(&packet, rte_vlan_hdr*, sizeof(rte_ether_hdr));
    const std::uint16_t priority = rte_be_to_cpu_16(tag->vlan_tci) & ~unsigned{id_mask};
    tag->vlan_tci = rte_cpu_to_be_16(static_cast<std::uint16_t>(priority | vlan));
    return true;
}

} // namespace lbd::dataplane
