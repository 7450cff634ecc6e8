// SPDX-License-Identifier: BSD-3-Clause
// ICMP echo (RFC 792, RFC 4443). Needs the right to open raw sockets.
#pragma once

#include <array>
#include <boost/asio/ip/icmp.hpp>
#include <cstdint>
#include <span>

#include "health/timed_attempt.h"

namespace lbd::health {

// Whether `packet`, with its IP header if that is IPv4, answers the request with that cookie.
bool is_echo_reply(std::span<const std::uint8_t> packet, bool v4, std::uint64_t cookie);

class Ping : public SocketAttempt<boost::asio::ip::icmp::socket> {
  public:
    Ping(boost::asio::io_context& io, const Probe& probe) : SocketAttempt(io, probe) {}

  private:
    void begin() override;
    void timed_out() override { finish(Result::Kind::failure, "no answer"); }
    void receive();

    std::uint64_t cookie_ = 0; // tells the answer from others'
    std::array<std::uint8_t, 256> answer_{};
};

} // namespace lbd::health
