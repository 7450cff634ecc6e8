// SPDX-License-Identifier: BSD-3-Clause
// One attempt to connect by TCP, without waiting.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace lbd::health {

struct Result {
    enum class Kind { success, failure, local_error }; // local: we could not even try
    Kind kind;
    std::string text; // for the operator
    std::chrono::milliseconds duration;
};

class TcpConnect {
  public:
    using Done = std::function<void(const Result&)>;

    explicit TcpConnect(boost::asio::io_context& io) : socket_(io), timer_(io) {}

    // Calls `done` once, on the io_context, unless the object is gone by then. One attempt at a
    // time. `interface` empty: as the host routes.
    void start(const boost::asio::ip::tcp::endpoint& target, const std::string& interface,
               std::chrono::milliseconds timeout, Done done);

  private:
    void finish(const boost::system::error_code& error);

    boost::asio::ip::tcp::socket socket_;
    boost::asio::steady_timer timer_;
    std::chrono::steady_clock::time_point started_;
    Done done_;
    bool timed_out_ = false;
    std::shared_ptr<int> life_ = std::make_shared<int>(); // handlers may outlive the object
};

} // namespace lbd::health
