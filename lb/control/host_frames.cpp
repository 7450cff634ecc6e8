// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/host_frames.h"

#include <algorithm>

namespace lbd::control {

namespace {

using Bytes = std::span<std::uint8_t>;
using ConstBytes = std::span<const std::uint8_t>;

constexpr std::size_t ethernet = 14, arp_size = 28, ipv4_size = 20, ipv6_size = 40;
constexpr std::uint8_t icmpv6 = 58, vrrp_protocol = 112;
constexpr std::uint8_t solicitation = 135, advertisement = 136;

std::uint16_t word_at(ConstBytes bytes, std::size_t at) {
    return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

config::IpAddress address_at(ConstBytes bytes, std::size_t at, config::IpAddress::Family family) {
    config::IpAddress address{family, {}};
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                family == config::IpAddress::Family::v4 ? 4 : 16, address.bytes.begin());
    return address;
}

config::IpAddress v4_at(ConstBytes frame, std::size_t at) {
    return address_at(frame, at, config::IpAddress::Family::v4);
}

config::IpAddress v6_at(ConstBytes frame, std::size_t at) {
    return address_at(frame, at, config::IpAddress::Family::v6);
}

void put_mac(Bytes frame, std::size_t at, const config::MacAddress& mac) {
    std::copy(mac.bytes.begin(), mac.bytes.end(), frame.begin() + static_cast<std::ptrdiff_t>(at));
}

bool is_ipv4(ConstBytes frame) {
    return frame.size() >= ethernet + ipv4_size && word_at(frame, 12) == 0x0800;
}

bool is_ipv6(ConstBytes frame) {
    return frame.size() >= ethernet + ipv6_size && word_at(frame, 12) == 0x86dd;
}

bool is_neighbour_discovery(ConstBytes frame) {
    constexpr std::size_t type = ethernet + ipv6_size;
    return frame[ethernet + 6] == icmpv6 && frame.size() > type &&
           (frame[type] == solicitation || frame[type] == advertisement);
}

// Replaces a MAC address that a checksum covers (RFC 1624).
void replace_summed(Bytes frame, std::size_t at, std::size_t checksum,
                    const config::MacAddress& mac) {
    std::uint32_t sum = static_cast<std::uint16_t>(~word_at(frame, checksum));
    for (std::size_t i = 0; i < mac.bytes.size(); i += 2)
        sum += static_cast<std::uint16_t>(~word_at(frame, at + i)) + word_at(mac.bytes, i);
    put_mac(frame, at, mac);
    while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
    frame[checksum] = static_cast<std::uint8_t>(~sum >> 8);
    frame[checksum + 1] = static_cast<std::uint8_t>(~sum);
}

} // namespace

config::MacAddress virtual_mac(const config::VrrpInstance& instance) {
    const bool ipv6 = instance.family == config::IpAddress::Family::v6;
    return {{0, 0, 0x5e, 0, static_cast<std::uint8_t>(ipv6 ? 2 : 1), instance.vrid}};
}

HostFrames::HostFrames(const config::MacAddress& own,
                       const std::vector<config::VrrpInstance>& instances)
    : own_(own) {
    for (const config::VrrpInstance& instance : instances) {
        std::optional<config::MacAddress> mac;
        if (instance.virtual_mac) mac = virtual_mac(instance);
        if (mac)
            routers_.push_back(
                {instance.family == config::IpAddress::Family::v6, instance.vrid, *mac});
        for (const config::Prefix& prefix : instance.virtual_addresses)
            if (mac || !instance.accept)
                addresses_.push_back({prefix.address, mac, instance.accept});
    }
}

const HostFrames::Address* HostFrames::find(const config::IpAddress& address) const {
    const auto found = std::find_if(addresses_.begin(), addresses_.end(),
                                    [&](const Address& known) { return known.address == address; });
    return found == addresses_.end() ? nullptr : &*found;
}

bool HostFrames::to_host(Bytes frame) const {
    if (addresses_.empty() || frame.size() < ethernet) return true;
    const Address* to = nullptr;
    if (is_ipv4(frame)) to = find(v4_at(frame, ethernet + 16));
    if (is_ipv6(frame) && !is_neighbour_discovery(frame)) to = find(v6_at(frame, ethernet + 24));
    if (to != nullptr && !to->accepted) return false;
    for (const Router& router : routers_)
        if (std::equal(router.mac.bytes.begin(), router.mac.bytes.end(), frame.begin()))
            put_mac(frame, 0, own_);
    return true;
}

void HostFrames::from_host(Bytes frame) const {
    if (routers_.empty() || frame.size() < ethernet) return;
    if (word_at(frame, 12) == 0x0806) arp_from_host(frame);
    if (is_ipv4(frame)) ipv4_from_host(frame);
    if (is_ipv6(frame)) ipv6_from_host(frame);
}

const config::MacAddress* HostFrames::mac_of_advert(bool ipv6, ConstBytes message) const {
    if (message.size() < 2) return nullptr;
    for (const Router& router : routers_)
        if (router.ipv6 == ipv6 && router.vrid == message[1]) return &router.mac;
    return nullptr;
}

void HostFrames::arp_from_host(Bytes frame) const {
    if (frame.size() < ethernet + arp_size) return;
    const Address* sender = find(v4_at(frame, ethernet + 14));
    if (sender == nullptr || !sender->mac) return;
    put_mac(frame, 6, *sender->mac);
    put_mac(frame, ethernet + 8, *sender->mac);
}

void HostFrames::ipv4_from_host(Bytes frame) const {
    const std::size_t header = (frame[ethernet] & 0x0fU) * 4U;
    if (frame[ethernet + 9] == vrrp_protocol && frame.size() >= ethernet + header) {
        if (const auto* mac = mac_of_advert(false, frame.subspan(ethernet + header)))
            put_mac(frame, 6, *mac);
        return;
    }
    const Address* source = find(v4_at(frame, ethernet + 12));
    if (source != nullptr && source->mac) put_mac(frame, 6, *source->mac);
}

void HostFrames::ipv6_from_host(Bytes frame) const {
    if (frame[ethernet + 6] == vrrp_protocol) {
        if (const auto* mac = mac_of_advert(true, frame.subspan(ethernet + ipv6_size)))
            put_mac(frame, 6, *mac);
        return;
    }
    const Address* source = find(v6_at(frame, ethernet + 8));
    if (source != nullptr && source->mac) put_mac(frame, 6, *source->mac);
    if (is_neighbour_discovery(frame)) neighbour_from_host(frame);
}

// The link-layer address that a solicitation's source has, or an advertisement's target.
void HostFrames::neighbour_from_host(Bytes frame) const {
    constexpr std::size_t message = ethernet + ipv6_size, option = message + 24;
    if (frame.size() < option + 8 || frame[option + 1] != 1) return;
    const bool advertises = frame[message] == advertisement;
    if (frame[option] != (advertises ? 2 : 1)) return;
    const Address* whose = find(v6_at(frame, advertises ? message + 8 : ethernet + 8));
    if (whose == nullptr || !whose->mac) return;
    put_mac(frame, 6, *whose->mac);
    replace_summed(frame, option + 2, message + 2, *whose->mac);
}

} // namespace lbd::control
