// SPDX-License-Identifier: BSD-3-Clause
// Tunnels to backends on other networks: IP in IP (RFC 2003, 2473, 4213), or in Generic UDP
// Encapsulation (draft-ietf-intarea-gue, variant 0), as `ip link add type ipip|ip6tnl [encap gue]`
// takes them off again on Linux.
#pragma once

#include <rte_byteorder.h>
#include <rte_mbuf.h>

#include <cstdint>

#include "lb/dataplane/flow_key.h"

namespace lbd::dataplane {

enum class Forwarding : std::uint8_t { direct, ipip, gue };

struct Tunnel {
    Forwarding kind = Forwarding::direct;
    bool ipv6 = false; // outside
    rte_be16_t gue_port = 0;
    Ipv6 local{}; // IPv4: the first four bytes
    Ipv6 remote{};
};

// Bytes that the tunnel puts in front of a packet; 0 for none.
unsigned overhead(const Tunnel& tunnel);

// Puts the tunnel's headers between the frame's first `l2_length` bytes, which stay its Ethernet
// header and tag, and its IP packet. `hash` is the flow's, and spreads the tunnel's packets over
// paths and queues; `id` is another one for each packet, by which IPv4 knows the fragments of one
// that is cut on the way. False, and unchanged, if there is no room in front.
bool encapsulate(rte_mbuf& packet, std::uint16_t l2_length, const Tunnel& tunnel,
                 std::uint64_t hash, std::uint16_t id);

} // namespace lbd::dataplane
