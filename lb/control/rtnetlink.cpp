// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/rtnetlink.h"

#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <cerrno>
#include <limits>

namespace lbd::control {

namespace {

std::uint8_t family_of(const config::IpAddress& address) {
    return address.family == config::IpAddress::Family::v4 ? AF_INET : AF_INET6;
}

std::size_t length_of(const config::IpAddress& address) {
    return address.family == config::IpAddress::Family::v4 ? 4 : 16;
}

std::error_code last_error() {
    return {errno, std::system_category()};
}

} // namespace

NetlinkSocket subscribed_socket(unsigned groups, const char* what) {
    NetlinkSocket socket(mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket || mnl_socket_bind(socket.get(), groups, MNL_SOCKET_AUTOPID) != 0)
        throw std::system_error(last_error(), what);
    return socket;
}

Rtnetlink::Rtnetlink() : socket_(mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC)) {
    if (!socket_ || mnl_socket_bind(socket_.get(), 0, MNL_SOCKET_AUTOPID) != 0)
        throw std::system_error(last_error(), "netlink socket");
    // The kernel answers within the call; this is for the day it does not.
    const timeval patience{1, 0};
    setsockopt(mnl_socket_get_fd(socket_.get()), SOL_SOCKET, SO_RCVTIMEO, &patience,
               sizeof(patience));
}

unsigned Rtnetlink::index_of(const std::string& interface) {
    return if_nametoindex(interface.c_str());
}

nlmsghdr* Rtnetlink::begin(Buffer& buffer, std::uint16_t type, std::uint16_t flags) {
    nlmsghdr* message = mnl_nlmsg_put_header(buffer.data());
    message->nlmsg_type = type;
    message->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
    message->nlmsg_seq = ++sequence_;
    return message;
}

std::error_code Rtnetlink::send(nlmsghdr* message) {
    if (mnl_socket_sendto(socket_.get(), message, message->nlmsg_len) < 0) return last_error();
    std::array<char, 8192> reply;
    const auto length = mnl_socket_recvfrom(socket_.get(), reply.data(), reply.size());
    if (length < 0) return last_error();
    const int verdict =
        mnl_cb_run(reply.data(), static_cast<std::size_t>(length), message->nlmsg_seq,
                   mnl_socket_get_portid(socket_.get()), nullptr, nullptr);
    return verdict < 0 ? last_error() : std::error_code{};
}

std::error_code Rtnetlink::change_link(unsigned interface, unsigned flags, unsigned mask,
                                       const std::function<void(nlmsghdr*)>& attributes) {
    Buffer buffer;
    nlmsghdr* message = begin(buffer, RTM_NEWLINK, 0);
    auto* link = static_cast<ifinfomsg*>(mnl_nlmsg_put_extra_header(message, sizeof(ifinfomsg)));
    link->ifi_index = static_cast<int>(interface);
    link->ifi_flags = flags;
    link->ifi_change = mask;
    if (attributes) attributes(message);
    return send(message);
}

std::error_code Rtnetlink::set_up(unsigned interface, bool up) {
    return change_link(interface, up ? IFF_UP : 0, IFF_UP, nullptr);
}

std::error_code Rtnetlink::set_mac(unsigned interface, const config::MacAddress& mac) {
    return change_link(interface, 0, 0, [&](nlmsghdr* message) {
        mnl_attr_put(message, IFLA_ADDRESS, mac.bytes.size(), mac.bytes.data());
    });
}

std::error_code Rtnetlink::set_mtu(unsigned interface, unsigned mtu) {
    return change_link(interface, 0, 0,
                       [&](nlmsghdr* message) { mnl_attr_put_u32(message, IFLA_MTU, mtu); });
}

std::error_code Rtnetlink::change_address(unsigned interface, const config::Prefix& address,
                                          Change change) {
    Buffer buffer;
    const bool add = change != Change::remove;
    const auto flags = static_cast<std::uint16_t>(add ? NLM_F_CREATE | NLM_F_EXCL : 0);
    nlmsghdr* message = begin(buffer, add ? RTM_NEWADDR : RTM_DELADDR, flags);
    auto* body = static_cast<ifaddrmsg*>(mnl_nlmsg_put_extra_header(message, sizeof(ifaddrmsg)));
    body->ifa_family = family_of(address.address);
    body->ifa_prefixlen = address.length;
    body->ifa_flags = IFA_F_NODAD;
    body->ifa_index = interface;
    mnl_attr_put(message, IFA_LOCAL, length_of(address.address), address.address.bytes.data());
    mnl_attr_put(message, IFA_ADDRESS, length_of(address.address), address.address.bytes.data());
    if (change == Change::add_deprecated && body->ifa_family == AF_INET6) {
        ifa_cacheinfo lifetimes{};
        lifetimes.ifa_valid = std::numeric_limits<std::uint32_t>::max(); // for ever
        mnl_attr_put(message, IFA_CACHEINFO, sizeof(lifetimes), &lifetimes);
    }
    return send(message);
}

std::error_code Rtnetlink::add_address(unsigned interface, const config::Prefix& address) {
    const std::error_code error = change_address(interface, address, Change::add);
    return error == std::errc::file_exists ? std::error_code{} : error;
}

std::error_code Rtnetlink::add_virtual_address(unsigned interface, const config::Prefix& address) {
    const std::error_code error = change_address(interface, address, Change::add_deprecated);
    return error == std::errc::file_exists ? std::error_code{} : error;
}

std::error_code Rtnetlink::remove_address(unsigned interface, const config::Prefix& address) {
    const std::error_code error = change_address(interface, address, Change::remove);
    return error == std::errc::address_not_available ? std::error_code{} : error;
}

std::error_code Rtnetlink::set_default_route(unsigned interface, const config::IpAddress& gateway) {
    Buffer buffer;
    nlmsghdr* message = begin(buffer, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE);
    auto* body = static_cast<rtmsg*>(mnl_nlmsg_put_extra_header(message, sizeof(rtmsg)));
    body->rtm_family = family_of(gateway);
    body->rtm_table = RT_TABLE_MAIN;
    body->rtm_protocol = RTPROT_STATIC;
    body->rtm_scope = RT_SCOPE_UNIVERSE;
    body->rtm_type = RTN_UNICAST;
    mnl_attr_put(message, RTA_GATEWAY, length_of(gateway), gateway.bytes.data());
    mnl_attr_put_u32(message, RTA_OIF, interface);
    return send(message);
}

std::error_code Rtnetlink::resolve_neighbour(unsigned interface, const config::IpAddress& address) {
    return change_neighbour(interface, address, NLM_F_CREATE, NUD_NONE, NTF_USE);
}

std::error_code Rtnetlink::doubt_neighbour(unsigned interface, const config::IpAddress& address) {
    return change_neighbour(interface, address, NLM_F_REPLACE, NUD_PROBE, 0);
}

std::error_code Rtnetlink::change_neighbour(unsigned interface, const config::IpAddress& address,
                                            std::uint16_t request, std::uint16_t state,
                                            std::uint8_t flags) {
    Buffer buffer;
    nlmsghdr* message = begin(buffer, RTM_NEWNEIGH, request);
    auto* body = static_cast<ndmsg*>(mnl_nlmsg_put_extra_header(message, sizeof(ndmsg)));
    body->ndm_family = family_of(address);
    body->ndm_ifindex = static_cast<int>(interface);
    body->ndm_state = state;
    body->ndm_flags = flags;
    mnl_attr_put(message, NDA_DST, length_of(address), address.bytes.data());
    return send(message);
}

} // namespace lbd::control
