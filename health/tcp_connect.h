// SPDX-License-Identifier: BSD-3-Clause
// Whether a connection can be opened by TCP.
#pragma once

#include <boost/asio/ip/tcp.hpp>

#include "health/timed_attempt.h"

namespace lbd::health {

class TcpConnect : public SocketAttempt<boost::asio::ip::tcp::socket> {
  public:
    TcpConnect(boost::asio::io_context& io, const Probe& probe) : SocketAttempt(io, probe) {}

  private:
    void begin() override;
    void timed_out() override { finish(Result::Kind::failure, "connection timed out"); }
};

} // namespace lbd::health
