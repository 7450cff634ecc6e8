// SPDX-License-Identifier: BSD-3-Clause
// IPv4 packets that are too large for where they go, and may be fragmented on the way (RFC 791).
// Done before a tunnel's headers are put in front, so that the backend's end of the tunnel, which
// would otherwise have to put tunnel packets together, gets whole ones.
#pragma once

#include <rte_mbuf.h>
#include <rte_mempool.h>

#include <array>
#include <cstdint>

namespace lbd::dataplane {

constexpr unsigned most_fragments = 8;

// Whether the IPv4 packet has no DF bit.
bool may_be_fragmented(const rte_mbuf& packet, std::uint16_t l3_offset);

// Copies of the frame's parts of at most `mtu` bytes each, with its Ethernet header and tag and
// headroom in front of them, from `buffers`. How many; 0 if there are too many or no buffers. The
// frame stays the caller's.
unsigned fragment_out(const rte_mbuf& packet, std::uint16_t l3_offset, std::uint16_t mtu,
                      rte_mempool& buffers, std::array<rte_mbuf*, most_fragments>& fragments);

} // namespace lbd::dataplane
