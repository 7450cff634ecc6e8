// SPDX-License-Identifier: BSD-3-Clause
// The local socket on which lbctl asks: one JSON object a line in, one a line out
// or, for a few commands, several. Whoever may open
// it is trusted with commands, not with well-formed input.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <functional>
#include <string>

#include "lb/control/reply_stream.h"

namespace lbd::control {

class ControlSocket {
  public:
    using Protocol = boost::asio::local::stream_protocol;
    // What it returns is the last line of the answer; others go by `stream` before.
    using Handler = std::function<boost::asio::awaitable<boost::json::value>(
        boost::json::object request, ReplyStream& stream)>;

    // Creates `path`, for root and, unless empty, `group`. Throws std::runtime_error if another
    // daemon listens there, or it cannot be created.
    ControlSocket(boost::asio::io_context& io, std::string path, const std::string& group,
                  Handler handler);
    ControlSocket(const ControlSocket&) = delete;
    ControlSocket& operator=(const ControlSocket&) = delete;
    ~ControlSocket();

  private:
    void open(const std::string& group);
    boost::asio::awaitable<void> serve(Protocol::socket client);
    boost::asio::awaitable<std::string> answer(std::string line, ReplyStream& stream);

    boost::asio::io_context& io_;
    std::string path_;
    Handler handler_;
    Protocol::acceptor acceptor_;
};

} // namespace lbd::control
