// SPDX-License-Identifier: BSD-3-Clause
// From a frame to a flow key, or the reason why not.
#pragma once

#include <rte_ether.h>
#include <rte_mbuf.h>

#include <cstdint>

#include "lb/dataplane/drop_reason.h"
#include "lb/dataplane/flow_key.h"
#include "lb/dataplane/own_macs.h"

namespace lbd::dataplane {

enum class PacketClass : std::uint8_t {
    flow,       // unicast TCP or UDP, well-formed, perhaps a first fragment
    fragment,   // of a datagram, but not its first: ports are 0 in the key
    icmp_error, // about a flow: the key is that of the flow, from the packet that it quotes
    host,       // anything else that is well-formed: ARP, multicast, other ICMP
    malformed   // `reason` says why
};

// What is not set for a class is undefined.
struct Parsed {
    union {
        KeyV4 v4;
        KeyV6 v6; // if `ipv6`
    };
    std::uint32_t fragment_id; // of a fragment, in the header's byte order
    std::uint16_t vlan;        // 0: untagged
    std::uint16_t l4_offset;   // from the start of the frame
    std::uint8_t l3_offset;
    PacketClass kind;
    bool ipv6;
    bool first_fragment;
    DropReason reason;
    std::uint8_t tcp_flags; // RTE_TCP_*_FLAG; 0 for all but TCP

    Parsed() {} // NOLINT(modernize-use-equals-default): nothing is initialized, a burst is parsed
                // thirty times a microsecond

    template <class Key>
    const Key& key() const {
        if constexpr (sizeof(Key) == sizeof(KeyV4))
            return v4;
        else
            return v6;
    }
};

// Reads the headers of `packet` and changes nothing. `own` are the addresses of the port.
void parse(const rte_mbuf& packet, const OwnMacs& own, Parsed& parsed);

} // namespace lbd::dataplane
