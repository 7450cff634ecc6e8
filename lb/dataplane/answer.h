// SPDX-License-Identifier: BSD-3-Clause
// Answers to a client in the name of a virtual service. Each turns a packet, of which the IP header
// begins at `l3_offset`, into the answer to itself, with the tag that it came with. False if it
// must not be answered or there is no room for the answer: the packet is to be dropped then. Never
// for what is not a whole packet or a first fragment.
#pragma once

#include <rte_mbuf.h>

#include <cstdint>

namespace lbd::dataplane {

// A TCP RST (RFC 9293 3.10.7.1), but not to a RST. The TCP header begins at `l4_offset`.
bool turn_into_reset(rte_mbuf& packet, std::uint16_t l3_offset, std::uint16_t l4_offset);

// ICMP port unreachable (RFC 792, RFC 4443), as IPVS sends when nobody can serve a client.
bool turn_into_port_unreachable(rte_mbuf& packet, std::uint16_t l3_offset);

// ICMP time exceeded in transit.
bool turn_into_time_exceeded(rte_mbuf& packet, std::uint16_t l3_offset);

// ICMP fragmentation needed (RFC 1191) or ICMPv6 packet too big, with the MTU that would do.
bool turn_into_too_big(rte_mbuf& packet, std::uint16_t l3_offset, std::uint16_t mtu);

} // namespace lbd::dataplane
