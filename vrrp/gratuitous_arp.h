// SPDX-License-Identifier: BSD-3-Clause
// Tells everybody on a network at which MAC address the virtual addresses are now.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <system_error>

#include "vrrp/packet.h"

namespace lbd::vrrp {

using MacBytes = std::array<std::uint8_t, 6>;

// A broadcast ARP request for `address` from `address` itself, as keepalived sends (RFC 5227 3).
std::array<std::uint8_t, 42> gratuitous_arp(const MacBytes& mac, const Address& address);

class ArpSender {
  public:
    // Throws std::system_error if there is no such interface.
    explicit ArpSender(const std::string& interface);
    ArpSender(const ArpSender&) = delete;
    ArpSender& operator=(const ArpSender&) = delete;
    ~ArpSender();

    std::error_code announce(const Address& address);

  private:
    int socket_;
    MacBytes mac_{};
};

} // namespace lbd::vrrp
