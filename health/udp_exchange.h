// SPDX-License-Identifier: BSD-3-Clause
// Whether a datagram is answered, or at least not refused.
#pragma once

#include <array>
#include <boost/asio/ip/udp.hpp>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "health/timed_attempt.h"

namespace lbd::health {

class UdpExchange : public SocketAttempt<boost::asio::ip::udp::socket> {
  public:
    // Why an answer is none, or empty; nothing at all: it is another's, wait on.
    using Judge = std::function<std::optional<std::string>(std::span<const std::uint8_t> answer)>;

    // Sends `payload`. Without a judge any answer is well.
    UdpExchange(boost::asio::io_context& io, const Probe& probe, std::string payload, Judge judge);

  private:
    void begin() override;
    void timed_out() override;
    void receive();

    std::string payload_;
    Judge judge_;
    std::array<std::uint8_t, 4096> answer_{};
};

} // namespace lbd::health
