// SPDX-License-Identifier: BSD-3-Clause
// What a router takes off each packet that it forwards; without it, two directors that forward to
// each other would do so for ever.
#pragma once

#include <rte_byteorder.h>
#include <rte_ip.h>

#include <cstdint>

namespace lbd::dataplane {

// False, and unchanged, if the packet may not go any further (RFC 1812 5.3.1).
inline bool decrement_ttl(rte_ipv4_hdr& ip) {
    if (ip.time_to_live <= 1) return false;
    --ip.time_to_live;
    // RFC 1624, equation 3, for a word that shrinks by 0x0100: the checksum grows by as much.
    const std::uint32_t sum = std::uint32_t{ip.hdr_checksum} + rte_cpu_to_be_16(0x0100);
    ip.hdr_checksum = static_cast<rte_be16_t>(sum + (sum >= 0xffff ? 1 : 0));
    return true;
}

inline bool decrement_hop_limit(rte_ipv6_hdr& ip) {
    if (ip.hop_limits <= 1) return false;
    --ip.hop_limits;
    return true;
}

} // namespace lbd::dataplane
