// SPDX-License-Identifier: BSD-3-Clause
// What goes over the wire to find out whether a host accepts an address that it must not announce.
// Ethernet frames without a VLAN tag, IPv4 or IPv6 as the addresses are. No socket.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "health/probe.h"

namespace lbd::health {

using Frame = std::vector<std::uint8_t>;

struct Ends {
    Mac from;
    Mac to;
    boost::asio::ip::address source;
    boost::asio::ip::address vip; // of the source's family
};

// ARP request (RFC 826) or neighbour solicitation (RFC 4861) for the VIP, to this host alone.
Frame solicitation(const Ends& ends);
// TCP segments (RFC 9293) without payload: to open a connection, and to give it up.
Frame syn(const Ends& ends, std::uint16_t local, std::uint16_t port, std::uint32_t sequence);
Frame reset(const Ends& ends, std::uint16_t local, std::uint16_t port, std::uint32_t sequence);
// ICMP echo request (RFC 792, 4443).
Frame echo_request(const Ends& ends, std::uint16_t identifier, std::uint32_t cookie);

// An answer to one of them.
struct Heard {
    enum class Kind : std::uint8_t { announcement, syn_ack, reset, echo_reply };
    Kind kind;
    Mac from;
    boost::asio::ip::address vip; // which it is about, or from
    std::uint16_t local = 0;      // our port, or the echo's identifier
    std::uint16_t port = 0;       // of the VIP
    std::uint32_t number = 0;     // acknowledged, or the cookie
};

// Nothing if the frame is no such answer, or damaged.
std::optional<Heard> heard_in(std::span<const std::uint8_t> frame);

} // namespace lbd::health
