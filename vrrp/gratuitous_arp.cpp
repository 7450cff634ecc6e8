// SPDX-License-Identifier: BSD-3-Clause
#include "vrrp/gratuitous_arp.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "vrrp/neighbour_advertisement.h"

namespace lbd::vrrp {

std::array<std::uint8_t, 42> gratuitous_arp(const MacBytes& mac,
                                            const boost::asio::ip::address_v4& address) {
    std::array<std::uint8_t, 42> frame{};
    auto at = frame.begin();
    const auto put = [&at](const auto& bytes) { at = std::copy(bytes.begin(), bytes.end(), at); };
    constexpr MacBytes broadcast{0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    put(broadcast);
    put(mac);
    put(std::array<std::uint8_t, 2>{0x08, 0x06});                   // ARP
    put(std::array<std::uint8_t, 8>{0, 1, 0x08, 0x00, 6, 4, 0, 1}); // Ethernet, IPv4, request
    put(mac);
    put(address.to_bytes());
    put(broadcast);
    put(address.to_bytes());
    return frame;
}

Announcer::Announcer(const std::string& interface, const std::optional<MacBytes>& mac)
    : socket_(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    ifreq request{};
    interface.copy(request.ifr_name, IFNAMSIZ - 1);
    sockaddr_ll to{};
    to.sll_family = AF_PACKET;
    to.sll_ifindex = static_cast<int>(if_nametoindex(interface.c_str()));
    if (socket_ < 0 || to.sll_ifindex == 0 || ioctl(socket_, SIOCGIFHWADDR, &request) != 0 ||
        bind(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0) {
        const int error = errno;
        if (socket_ >= 0) close(socket_);
        throw std::system_error(error, std::system_category(), "announcements on " + interface);
    }
    std::copy_n(request.ifr_hwaddr.sa_data, mac_.size(), mac_.begin());
    mac_ = mac.value_or(mac_);
}

Announcer::~Announcer() {
    close(socket_);
}

std::error_code Announcer::announce(const Address& address) {
    return address.is_v4() ? send(gratuitous_arp(mac_, address.to_v4()))
                           : send(neighbour_advertisement(mac_, address.to_v6()));
}

std::error_code Announcer::send(std::span<const std::uint8_t> frame) const {
    if (::send(socket_, frame.data(), frame.size(), 0) < 0) return {errno, std::system_category()};
    return {};
}

} // namespace lbd::vrrp
