// SPDX-License-Identifier: BSD-3-Clause
// Puts a frame into the network that it leaves by.
#pragma once

#include <rte_mbuf.h>

#include <cstdint>

namespace lbd::dataplane {

// The frame, whose Ethernet header and tag have `l2_length` bytes, leaves with the 802.1Q tag
// `vlan`, or with none if that is 0; a tag's priority is kept. False, and unchanged, if there is
// no room in front.
bool set_tag(rte_mbuf& packet, std::uint16_t l2_length, std::uint16_t vlan);

} // namespace lbd::dataplane
