// SPDX-License-Identifier: BSD-3-Clause
// The way to a client of the control socket while its request is being answered, for answers of
// many lines. Nothing is stored for a client that reads slowly: its answer waits.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/json/value.hpp>

namespace lbd::control {

class ReplyStream {
  public:
    using Socket = boost::asio::local::stream_protocol::socket;

    explicit ReplyStream(Socket& client) : client_(client) {}

    // Sends a line that is not the last. Waits for as long as the client takes to make room, a
    // minute at most. False if the client is gone, or has not.
    boost::asio::awaitable<bool> send(const boost::json::value& line);
    // Whether the client has closed its end.
    bool gone();

  private:
    Socket& client_;
};

} // namespace lbd::control
