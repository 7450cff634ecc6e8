// SPDX-License-Identifier: BSD-3-Clause
// VRRP on the wire: version 2 (RFC 3768, with the PASS authentication of RFC 2338 as keepalived
// sends it) and version 3 (RFC 9568), over IPv4.
#pragma once

#include <array>
#include <boost/asio/ip/address_v4.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace lbd::vrrp {

using Address = boost::asio::ip::address_v4;
using Milliseconds = std::chrono::milliseconds;

constexpr std::uint8_t ip_protocol = 112;
inline const Address multicast_group(0xe0000012u); // 224.0.0.18

struct Advertisement {
    unsigned version = 3;
    std::uint8_t vrid = 0;
    std::uint8_t priority = 0;
    Milliseconds interval{1000}; // v2: whole seconds, v3: centiseconds
    std::vector<Address> addresses;
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
    count_,
};
constexpr std::size_t reject_count = static_cast<std::size_t>(Reject::count_);
constexpr std::array<std::string_view, reject_count> reject_names{
    "ttl",      "length",   "version", "type", "checksum", "authentication_type",
    "password", "interval", "own"};

struct Envelope { // what the IP header says
    Address source;
    Address destination;
    std::uint8_t ttl = 0;
};

// What a receiver demands of an advertisement.
struct Expectation {
    unsigned version = 3;
    std::uint8_t vrid = 0;
    Milliseconds interval{1000}; // v2: must be the sender's, too
    std::optional<std::string> password;
    Address own_source;
};

struct OtherRouter {}; // of another VRID: nothing to do with us

std::variant<Advertisement, Reject, OtherRouter> parse(std::span<const std::uint8_t> message,
                                                       const Envelope& envelope,
                                                       const Expectation& expected);

// The VRRP message, without an IP header. Source and destination enter v3's checksum, as
// keepalived demands by default.
std::vector<std::uint8_t> serialize(const Advertisement& advertisement, const Address& source,
                                    const Address& destination);

} // namespace lbd::vrrp
