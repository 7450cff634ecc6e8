// SPDX-License-Identifier: BSD-3-Clause
// From a frame to a flow key, or the reason why not.
#pragma once

#include <rte_ether.h>
#include <rte_mbuf.h>

#include <cstdint>

#include "lb/dataplane/drop_reason.h"
#include "lb/dataplane/flow_key.h"

namespace lbd::dataplane {

enum class PacketClass : std::uint8_t {
    flow,     // unicast TCP or UDP over IPv4, well-formed: `key` is set
    fragment, // of an IPv4 datagram: only the addresses in `key` are set
    host,     // anything else that is well-formed: ARP, multicast, ICMP, IPv6
    malformed // `reason` says why
};

struct Parsed {
    FlowKey key;
    PacketClass kind;
    DropReason reason;
    std::uint8_t tcp_flags; // RTE_TCP_*_FLAG; 0 for UDP
    std::uint8_t l4_offset; // from the start of the frame; an IPv4 header has 60 bytes at most
};

// Reads the headers of `packet` and changes nothing. `own` is the MAC address of the port.
Parsed parse(const rte_mbuf& packet, const rte_ether_addr& own);

} // namespace lbd::dataplane
