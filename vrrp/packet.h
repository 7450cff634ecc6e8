// SPDX-License-Identifier: BSD-3-Clause
// VRRP on the wire: version 2 (RFC 3768, with the PASS authentication of RFC 2338 as keepalived
// sends it) over IPv4, and version 3 (RFC 9568) over IPv4 and IPv6.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "vrrp/address.h"

namespace lbd::vrrp {

using Milliseconds = std::chrono::milliseconds;

constexpr std::uint8_t ip_protocol = 112;
// RFC 9568 5.1.1.2, 5.1.2.2.
inline const Address multicast_group_v4 = boost::asio::ip::make_address("224.0.0.18");
inline const Address multicast_group_v6 = boost::asio::ip::make_address("ff02::12");

struct Advertisement {
    unsigned version = 3;
    std::uint8_t vrid = 0;
    std::uint8_t priority = 0;
    Milliseconds interval{1000};         // v2: whole seconds, v3: centiseconds
    std::vector<Address> addresses;      // of the family that the message goes over
    std::optional<std::string> password; // v2 only: auth type PASS
};

// Why a packet was not taken for an advertisement to us.
enum class Reject : std::uint8_t {
    ttl,
    length,
    version,
    type,
    checksum,
    authentication_type,
    password,
    interval,
    own,
    peer,        // of nobody whom it is expected from
    destination, // to the group, or to one director, where the other is expected
    count_,
};
constexpr std::size_t reject_count = static_cast<std::size_t>(Reject::count_);
constexpr std::array<std::string_view, reject_count> reject_names{
    "ttl",      "length",   "version", "type", "checksum",   "authentication_type",
    "password", "interval", "own",     "peer", "destination"};

struct Envelope { // what the IP header says
    Address source;
    Address destination;
    std::uint8_t ttl = 0; // IPv6: hop limit
};

// What a receiver demands of an advertisement.
struct Expectation {
    unsigned version = 3;
    std::uint8_t vrid = 0;
    Milliseconds interval{1000}; // v2: must be the sender's, too
    std::optional<std::string> password;
    Address own_source;
    std::vector<Address> peers{}; // empty: anybody, to the group
    std::uint8_t least_ttl = 255; // less only of peers behind routers
};

struct OtherRouter {}; // of another VRID: nothing to do with us

std::variant<Advertisement, Reject, OtherRouter> parse(std::span<const std::uint8_t> message,
                                                       const Envelope& envelope,
                                                       const Expectation& expected);

// The VRRP message, without an IP header. Source and destination, of one family, enter v3's
// checksum; with IPv4 keepalived demands so by default.
std::vector<std::uint8_t> serialize(const Advertisement& advertisement, const Address& source,
                                    const Address& destination);

} // namespace lbd::vrrp
