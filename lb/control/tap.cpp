// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/tap.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <system_error>

namespace lbd::control {

namespace {

[[noreturn]] void fail_to_make_tap(std::error_code error, const std::string& what) {
    throw std::system_error(error, what);
}

[[noreturn]] void fail_to_make_tap(const std::string& what) {
    fail_to_make_tap({errno, std::system_category()}, what);
}

// RFC 4291 2.5.6 and appendix A.
config::Prefix link_local_of(const config::MacAddress& mac) {
    const auto& m = mac.bytes;
    config::IpAddress address{config::IpAddress::Family::v6, {0xfe, 0x80}};
    const std::array<std::uint8_t, 8> interface {
        static_cast<std::uint8_t>(m[0] ^ 2), m[1], m[2], 0xff, 0xfe, m[3], m[4], m[5]
    };
    std::copy(interface.begin(), interface.end(), address.bytes.begin() + 8);
    return {address, 64};
}

} // namespace

Tap::Tap(Rtnetlink& netlink, const std::string& name, const config::MacAddress& mac, unsigned mtu,
         const Addresses& addresses)
    : name_(name), link_local_(link_local_of(mac)) {
    if (Rtnetlink::index_of(name) != 0)
        throw std::runtime_error("interface " + name +
                                 " exists already; is another lbd running here?");
    open();
    try {
        configure(netlink, mac, mtu, addresses);
    } catch (...) {
        close(fd_);
        throw;
    }
}

Tap::~Tap() {
    close(fd_);
}

void Tap::open() {
    fd_ = ::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd_ < 0) fail_to_make_tap("/dev/net/tun");
    ifreq request{};
    name_.copy(request.ifr_name, IFNAMSIZ - 1);
    request.ifr_flags = IFF_TAP | IFF_NO_PI;
    if (ioctl(fd_, TUNSETIFF, &request) == 0) return;
    const int error = errno;
    close(fd_);
    errno = error;
    fail_to_make_tap("create interface " + name_);
}

void Tap::configure(Rtnetlink& netlink, const config::MacAddress& mac, unsigned mtu,
                    const Addresses& addresses) {
    index_ = Rtnetlink::index_of(name_);
    if (const auto error = netlink.set_mac(index_, mac))
        fail_to_make_tap(error, name_ + ": set MAC address " + mac.text());
    if (const auto error = netlink.set_mtu(index_, mtu))
        fail_to_make_tap(error, name_ + ": set MTU " + std::to_string(mtu));
    keep_ipv6_to_itself();
    if (const auto error = netlink.set_up(index_, true))
        fail_to_make_tap(error, name_ + ": bring up");
    if (has_ipv6()) enable_ipv6(netlink);
    add_addresses(netlink, addresses);
}

void Tap::add_addresses(Rtnetlink& netlink, const Addresses& addresses) const {
    const auto is_ipv6 = [](const config::Prefix& address) {
        return address.address.family == config::IpAddress::Family::v6;
    };
    if (std::any_of(addresses.own.begin(), addresses.own.end(), is_ipv6) ||
        std::any_of(addresses.of_services.begin(), addresses.of_services.end(), is_ipv6))
        enable_ipv6(netlink);
    for (const config::Prefix& address : addresses.own)
        if (const auto error = netlink.add_address(index_, address))
            fail_to_make_tap(error, name_ + ": add address " + address.text());
    for (const config::Prefix& address : addresses.of_services)
        if (const auto error = netlink.add_virtual_address(index_, address))
            fail_to_make_tap(error, name_ + ": add address " + address.text());
}

// Addresses and routes are those of the configuration, not what routers on the network say.
void Tap::keep_ipv6_to_itself() const {
    set_ipv6("accept_ra", '0');
    set_ipv6("autoconf", '0');
    set_ipv6("addr_gen_mode", '1'); // no link-local address: the kernel's is tentative for a while
}

bool Tap::has_ipv6() const {
    char disabled = '1';
    std::ifstream("/proc/sys/net/ipv6/conf/" + name_ + "/disable_ipv6") >> disabled;
    return disabled == '0';
}

void Tap::enable_ipv6(Rtnetlink& netlink) const {
    set_ipv6("disable_ipv6", '0');
    if (const auto error = netlink.add_address(index_, link_local_))
        fail_to_make_tap(error, name_ + ": add address " + link_local_.text());
}

// A kernel without IPv6 has nothing to set; it says so when it is given an address.
void Tap::set_ipv6(const char* setting, char value) const {
    std::ofstream("/proc/sys/net/ipv6/conf/" + name_ + '/' + setting) << value;
}

std::size_t Tap::read_frame(std::span<std::uint8_t> buffer) {
    const ssize_t length = read(fd_, buffer.data(), buffer.size());
    return length < 0 ? 0 : static_cast<std::size_t>(length);
}

bool Tap::write_frame(std::span<const std::uint8_t> frame) {
    return write(fd_, frame.data(), frame.size()) == static_cast<ssize_t>(frame.size());
}

} // namespace lbd::control
