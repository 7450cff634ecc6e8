// SPDX-License-Identifier: BSD-3-Clause
// Requests to the kernel's networking, each answered at once (rtnetlink(7)). Errors come back as
// std::error_code, from the kernel. One thread at a time.
#pragma once

#include <libmnl/libmnl.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

#include "config/address.h"

namespace lbd::control {

struct CloseNetlink {
    void operator()(mnl_socket* socket) const { mnl_socket_close(socket); }
};
using NetlinkSocket = std::unique_ptr<mnl_socket, CloseNetlink>;

// To which the kernel tells what changes of `groups` (RTMGRP_...); reading it never waits. Throws
// std::system_error that begins with `what`.
NetlinkSocket subscribed_socket(unsigned groups, const char* what);

class Rtnetlink {
  public:
    Rtnetlink();

    // 0 if there is no such interface.
    static unsigned index_of(const std::string& interface);

    std::error_code set_up(unsigned interface, bool up);
    std::error_code set_mac(unsigned interface, const config::MacAddress& mac);
    std::error_code set_mtu(unsigned interface, unsigned mtu);
    // Adding what is there and removing what is not are successes.
    std::error_code add_address(unsigned interface, const config::Prefix& address);
    // One that the host's own connections never come from: an IPv6 address is deprecated from the
    // start (RFC 4862 5.5.4); an IPv4 one has never come before an interface's first.
    std::error_code add_virtual_address(unsigned interface, const config::Prefix& address);
    std::error_code remove_address(unsigned interface, const config::Prefix& address);
    std::error_code set_default_route(unsigned interface, const config::IpAddress& gateway);
    // Makes the kernel resolve `address` if it does not know it.
    std::error_code resolve_neighbour(unsigned interface, const config::IpAddress& address);
    // Makes the kernel ask whether what it knows of `address` is still true, and forget it if
    // nobody answers. An error if it knows nothing.
    std::error_code doubt_neighbour(unsigned interface, const config::IpAddress& address);

  private:
    using Buffer = std::array<char, 1024>;
    nlmsghdr* begin(Buffer& buffer, std::uint16_t type, std::uint16_t flags);
    std::error_code change_link(unsigned interface, unsigned flags, unsigned mask,
                                const std::function<void(nlmsghdr*)>& attributes);
    enum class Change { add, add_deprecated, remove };
    std::error_code change_address(unsigned interface, const config::Prefix& address,
                                   Change change);
    std::error_code change_neighbour(unsigned interface, const config::IpAddress& address,
                                     std::uint16_t request, std::uint16_t state,
                                     std::uint8_t flags);
    std::error_code send(nlmsghdr* message);

    NetlinkSocket socket_;
    std::uint32_t sequence_ = 0;
};

} // namespace lbd::control
