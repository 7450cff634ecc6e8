// SPDX-License-Identifier: BSD-3-Clause
// A port's companion in the kernel: a TAP interface through which the host uses a NIC that belongs
// to DPDK. It disappears with this object, or with the process.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "config/address.h"
#include "lb/control/rtnetlink.h"

namespace lbd::control {

class Tap {
  public:
    struct Addresses {
        std::vector<config::Prefix> own;
        std::vector<config::Prefix> of_services; // never the source of the host's own connections
    };

    // Creates interface `name` with the port's MAC and MTU, brings it up and gives it `addresses`.
    // Throws std::system_error that says what failed.
    Tap(Rtnetlink& netlink, const std::string& name, const config::MacAddress& mac, unsigned mtu,
        const Addresses& addresses);
    Tap(const Tap&) = delete;
    Tap& operator=(const Tap&) = delete;
    ~Tap();

    const std::string& name() const { return name_; }
    unsigned index() const { return index_; }
    int fd() const { return fd_; }

    // Where the host has switched IPv6 off for new interfaces: an address is wanted here. The
    // interface has its link-local one then.
    void enable_ipv6(Rtnetlink& netlink) const;
    const config::IpAddress& link_local() const { return link_local_.address; }

    // The length of a frame that the host sends, or 0 if there is none now.
    std::size_t read_frame(std::span<std::uint8_t> buffer);
    // False if the kernel did not take the frame.
    bool write_frame(std::span<const std::uint8_t> frame);

  private:
    void open();
    void keep_ipv6_to_itself() const;
    bool has_ipv6() const;
    void set_ipv6(const char* setting, char value) const;
    void configure(Rtnetlink& netlink, const config::MacAddress& mac, unsigned mtu,
                   const Addresses& addresses);
    void add_addresses(Rtnetlink& netlink, const Addresses& addresses) const;

    std::string name_;
    int fd_ = -1;
    unsigned index_ = 0;
    config::Prefix link_local_; // of its MAC address
};

} // namespace lbd::control
