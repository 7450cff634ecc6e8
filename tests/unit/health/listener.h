// SPDX-License-Identifier: BSD-3-Clause
// What a check meets, on the loopback of this machine.
#pragma once

#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

namespace lbd::health::test {

using boost::asio::ip::tcp;

inline tcp::endpoint loopback(std::uint16_t port, std::uint32_t host = 1) {
    return {boost::asio::ip::address_v4(0x7f000000U + host), port};
}

// The kernel completes connections to it; nobody accepts them.
class Listener {
  public:
    explicit Listener(boost::asio::io_context& io, std::uint16_t port = 0, int backlog = 4096)
        : acceptor_(io) {
        acceptor_.open(tcp::v4());
        acceptor_.set_option(tcp::acceptor::reuse_address(true));
        acceptor_.bind({boost::asio::ip::address_v4::any(), port});
        acceptor_.listen(backlog);
    }

    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

    void accept_all(std::function<void(std::size_t bytes, bool reset)> ended) {
        acceptor_.async_accept(
            [this, ended](const boost::system::error_code& error, tcp::socket client) {
                if (error) return;
                auto peer = std::make_shared<tcp::socket>(std::move(client));
                auto byte = std::make_shared<char>();
                peer->async_receive(
                    boost::asio::buffer(byte.get(), 1),
                    [peer, byte, ended](const boost::system::error_code& result, std::size_t n) {
                        ended(n, result == boost::asio::error::connection_reset);
                    });
                accept_all(ended);
            });
    }

  private:
    tcp::acceptor acceptor_;
};

// A port at which SYNs get no answer: a listener whose backlog is full.
class BlackHole {
  public:
    explicit BlackHole(boost::asio::io_context& io) : listener_(io, 0, 0) {
        // Linux takes one connection more than the backlog, and drops the SYNs of others.
        for (int client = 0; client < 4; ++client) {
            auto& socket = clients_.emplace_back(io);
            socket.open(tcp::v4());
            socket.native_non_blocking(true);
            // Asio's own blocking connect would wait for the answer that never comes.
            const tcp::endpoint target = loopback(listener_.port());
            (void)::connect(socket.native_handle(), target.data(),
                            static_cast<socklen_t>(target.size()));
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
    }

    std::uint16_t port() const { return listener_.port(); }

  private:
    Listener listener_;
    std::vector<tcp::socket> clients_;
};

// A port at which nobody listens, for as long as the object is there.
class ClosedPort {
  public:
    explicit ClosedPort(boost::asio::io_context& io) : socket_(io, loopback(0)) {}
    std::uint16_t port() const { return socket_.local_endpoint().port(); }

  private:
    tcp::socket socket_; // bound, so that nobody else gets the port, but not listening
};

// Runs the loop until `condition` holds; false if that takes longer than `limit`.
inline bool run_until(boost::asio::io_context& io, const std::function<bool()>& condition,
                      std::chrono::milliseconds limit = std::chrono::seconds(10)) {
    const auto end = std::chrono::steady_clock::now() + limit;
    io.restart();
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) return false;
        io.run_one_for(std::chrono::milliseconds(10));
        if (io.stopped()) io.restart();
    }
    return true;
}

} // namespace lbd::health::test
