// SPDX-License-Identifier: BSD-3-Clause
// What gratuitous ARP is to IPv4: everybody on a network is told where an IPv6 address is now.
#pragma once

#include <array>
#include <boost/asio/ip/address_v6.hpp>
#include <cstdint>

#include "vrrp/gratuitous_arp.h"

namespace lbd::vrrp {

// An unsolicited advertisement to all nodes, which overrides what they know (RFC 4861 4.4, 7.2.6);
// from `address` itself, as keepalived sends.
std::array<std::uint8_t, 86> neighbour_advertisement(const MacBytes& mac,
                                                     const boost::asio::ip::address_v6& address);

} // namespace lbd::vrrp
