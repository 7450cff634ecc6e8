// SPDX-License-Identifier: BSD-3-Clause
#include "vrrp/neighbour_advertisement.h"

#include <algorithm>
#include <span>

#include "vrrp/checksum.h"

namespace lbd::vrrp {

namespace {

constexpr std::size_t ethernet_size = 14;
constexpr std::size_t ip_size = 40;
constexpr std::size_t icmp_size = 32;
constexpr std::uint8_t icmp_protocol = 58;

// RFC 4443 2.3: over the message and a header that has only addresses, length and protocol.
std::uint16_t icmp_checksum(std::span<const std::uint8_t> addresses,
                            std::span<const std::uint8_t> icmp) {
    const std::uint32_t header = static_cast<std::uint32_t>(icmp.size()) + icmp_protocol;
    return fold(sum_words(icmp, sum_words(addresses, header)));
}

} // namespace

std::array<std::uint8_t, 86> neighbour_advertisement(const MacBytes& mac,
                                                     const boost::asio::ip::address_v6& address) {
    std::array<std::uint8_t, ethernet_size + ip_size + icmp_size> frame{};
    auto at = frame.begin();
    const auto put = [&at](const auto& bytes) { at = std::copy(bytes.begin(), bytes.end(), at); };
    put(MacBytes{0x33, 0x33, 0, 0, 0, 1}); // RFC 2464 7
    put(mac);
    put(std::array<std::uint8_t, 2>{0x86, 0xdd});
    put(std::array<std::uint8_t, 8>{0x60, 0, 0, 0, 0, icmp_size, icmp_protocol, 255});
    put(address.to_bytes());
    put(std::array<std::uint8_t, 16>{0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
    put(std::array<std::uint8_t, 8>{136, 0, 0, 0, 0x20, 0, 0, 0}); // override
    put(address.to_bytes());
    put(std::array<std::uint8_t, 2>{2, 1}); // target link-layer address
    put(mac);
    const std::span<std::uint8_t> bytes(frame);
    const std::uint16_t sum =
        icmp_checksum(bytes.subspan(ethernet_size + 8, 32), bytes.subspan(ethernet_size + ip_size));
    frame[ethernet_size + ip_size + 2] = static_cast<std::uint8_t>(sum >> 8);
    frame[ethernet_size + ip_size + 3] = static_cast<std::uint8_t>(sum);
    return frame;
}

} // namespace lbd::vrrp
