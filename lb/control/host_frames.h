// SPDX-License-Identifier: BSD-3-Clause
// What a companion interface must not say or hear as it is: virtual routers may have a MAC address
// of their own, which the kernel does not know, and addresses that are not the host's to answer.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "config/config.h"

namespace lbd::control {

// 00-00-5e-00-01-VRID, with IPv6 00-00-5e-00-02-VRID (RFC 9568 7.3).
config::MacAddress virtual_mac(const config::VrrpInstance& instance);

// Of one interface. Immutable; frames are Ethernet without a VLAN tag.
class HostFrames {
  public:
    HostFrames() = default;
    // Of the instances on this interface, whose own address is `own`.
    HostFrames(const config::MacAddress& own, const std::vector<config::VrrpInstance>& instances);

    // What comes for a virtual MAC address is the host's. False: the frame is not for it to accept
    // (RFC 9568 6.1, Accept_Mode).
    bool to_host(std::span<std::uint8_t> frame) const;
    // Adverts, ARP, neighbour advertisements and all else from a virtual address comes from the
    // virtual MAC address.
    void from_host(std::span<std::uint8_t> frame) const;

  private:
    struct Router {
        bool ipv6;
        std::uint8_t vrid;
        config::MacAddress mac;
    };
    struct Address {
        config::IpAddress address;
        std::optional<config::MacAddress> mac;
        bool accepted;
    };

    const Address* find(const config::IpAddress& address) const;
    const config::MacAddress* mac_of_advert(bool ipv6, std::span<const std::uint8_t> message) const;
    void arp_from_host(std::span<std::uint8_t> frame) const;
    void ipv4_from_host(std::span<std::uint8_t> frame) const;
    void ipv6_from_host(std::span<std::uint8_t> frame) const;
    void neighbour_from_host(std::span<std::uint8_t> frame) const;

    config::MacAddress own_;
    std::vector<Router> routers_; // with a MAC address of their own
    std::vector<Address> addresses_;
};

} // namespace lbd::control
