// SPDX-License-Identifier: BSD-3-Clause
#include "health/ping.h"

#include <boost/asio/buffer.hpp>
#include <cstring>
#include <random>

namespace lbd::health {

using boost::system::error_code;

namespace {

constexpr std::size_t header_size = 8;
using Echo = std::array<std::uint8_t, header_size + sizeof(std::uint64_t)>;

// Identifier and sequence number are parts of the cookie. The kernel sums up ICMPv6 itself.
Echo echo_of(std::uint64_t cookie, bool v4) {
    Echo echo{};
    echo[0] = v4 ? 8 : 128;
    std::memcpy(&echo[4], &cookie, 4);
    std::memcpy(&echo[header_size], &cookie, sizeof(cookie));
    if (!v4) return echo;
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < echo.size(); i += 2) sum += echo[i] << 8 | echo[i + 1];
    while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
    echo[2] = static_cast<std::uint8_t>(~sum >> 8);
    echo[3] = static_cast<std::uint8_t>(~sum);
    return echo;
}

} // namespace

bool is_echo_reply(std::span<const std::uint8_t> packet, bool v4, std::uint64_t cookie) {
    if (v4) {
        const std::size_t header = packet.empty() ? 0 : (packet[0] & 0x0fU) * 4U;
        if (packet.size() < header) return false;
        packet = packet.subspan(header);
    }
    if (packet.size() < header_size + sizeof(cookie)) return false;
    return packet[0] == (v4 ? 0 : 129) && packet[1] == 0 &&
           std::memcmp(&packet[header_size], &cookie, sizeof(cookie)) == 0;
}

void Ping::begin() {
    const boost::asio::ip::icmp::endpoint target(probe().address, 0);
    error_code error = open(target);
    if (!error) socket().connect(target, error);
    cookie_ = std::uint64_t{std::random_device{}()} << 32 | std::random_device{}();
    if (!error)
        socket().send(boost::asio::buffer(echo_of(cookie_, probe().address.is_v4())), 0, error);
    if (error) return finish_later(error);
    receive();
}

// A raw socket hears all that comes from the backend by ICMP.
void Ping::receive() {
    socket().async_receive(
        boost::asio::buffer(answer_),
        [this, alive = life()](const error_code& error, std::size_t length) {
            if (error == boost::asio::error::operation_aborted || alive.expired()) return;
            if (error) return finish(error);
            if (is_echo_reply(std::span(answer_).first(length), probe().address.is_v4(), cookie_))
                finish(Result::Kind::success, "answered");
            else
                receive();
        });
}

} // namespace lbd::health
