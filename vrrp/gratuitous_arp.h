// SPDX-License-Identifier: BSD-3-Clause
// Tells everybody on a network at which MAC address the virtual addresses are now.
#pragma once

#include <array>
#include <boost/asio/ip/address_v4.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <system_error>

#include "vrrp/address.h"

namespace lbd::vrrp {

using MacBytes = std::array<std::uint8_t, 6>;

// A broadcast ARP request for `address` from `address` itself, as keepalived sends (RFC 5227 3).
std::array<std::uint8_t, 42> gratuitous_arp(const MacBytes& mac,
                                            const boost::asio::ip::address_v4& address);

// Of both families' announcements.
class Announcer {
  public:
    // The MAC address is the interface's unless another is given. Throws std::system_error if there
    // is no such interface.
    explicit Announcer(const std::string& interface, const std::optional<MacBytes>& mac = {});
    Announcer(const Announcer&) = delete;
    Announcer& operator=(const Announcer&) = delete;
    ~Announcer();

    std::error_code announce(const Address& address);

  private:
    std::error_code send(std::span<const std::uint8_t> frame) const;

    int socket_;
    MacBytes mac_{};
};

} // namespace lbd::vrrp
