// SPDX-License-Identifier: BSD-3-Clause
// The HTTP server that Prometheus asks: /metrics and /healthz, one request a connection. Clients
// are hostile: each has little room and little time, and they are few at once. Control thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>
#include <string>

namespace lbd::control::metrics {

class Server {
  public:
    using Text = std::shared_ptr<const std::string>;
    using Metrics = std::function<Text()>; // nothing: not made yet
    // Why the director may not be master; empty if it may.
    using Obstacle = std::function<std::string()>;

    // Listens. Throws std::runtime_error if it cannot.
    Server(boost::asio::io_context& io, const boost::asio::ip::tcp::endpoint& endpoint,
           Metrics metrics, Obstacle obstacle);

  private:
    struct Answer;

    boost::asio::awaitable<void> serve(boost::asio::ip::tcp::socket client);
    boost::asio::awaitable<Answer> answer(bool reads, std::string path);

    boost::asio::io_context& io_;
    Metrics metrics_;
    Obstacle obstacle_;
    boost::asio::ip::tcp::acceptor acceptor_;
};

} // namespace lbd::control::metrics
