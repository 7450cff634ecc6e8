// SPDX-License-Identifier: BSD-3-Clause
// A TCP server that says what a test tells it to, well or badly.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace lbd::health::test {

class Server {
  public:
    // `greeting` is said at once. What `answer` makes of what was read is said then; the connection
    // is closed after `last`.
    struct Manner {
        std::string greeting{};
        std::function<std::string(const std::string& request)> answer{};
        std::chrono::milliseconds pause{0}; // between two bytes
        bool endless = false;               // says its answer again and again
        bool resets = false;                // closes at once with a RST
    };

    Server(boost::asio::io_context& io, Manner manner)
        : io_(io),
          manner_(std::move(manner)),
          acceptor_(io, {boost::asio::ip::address_v4::loopback(), 0}) {
        accept();
    }

    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
    const std::vector<std::string>& requests() const { return requests_; }
    std::size_t sent() const { return sent_; }

  private:
    using Socket = boost::asio::ip::tcp::socket;

    struct Client {
        explicit Client(Socket connected, boost::asio::io_context& io)
            : socket(std::move(connected)), timer(io) {}
        Socket socket;
        boost::asio::steady_timer timer;
        std::array<char, 4096> buffer{};
        std::string output;
    };
    using Shared = std::shared_ptr<Client>;

    void accept() {
        acceptor_.async_accept([this](const boost::system::error_code& error, Socket socket) {
            if (error) return;
            if (manner_.resets) {
                socket.set_option(boost::asio::socket_base::linger(true, 0));
                return accept();
            }
            const auto client = std::make_shared<Client>(std::move(socket), io_);
            say(client, manner_.greeting);
            listen(client);
            accept();
        });
    }
    void listen(const Shared& client) {
        client->socket.async_read_some(
            boost::asio::buffer(client->buffer),
            [this, client](const boost::system::error_code& error, std::size_t length) {
                if (error) return;
                requests_.emplace_back(client->buffer.data(), length);
                if (manner_.answer) say(client, manner_.answer(requests_.back()));
                listen(client);
            });
    }
    void say(const Shared& client, const std::string& what) {
        const bool idle = client->output.empty();
        client->output += what;
        if (idle && !client->output.empty()) write(client);
    }
    void write(const Shared& client) {
        const bool slow = manner_.pause.count() != 0;
        const std::size_t size = slow ? 1 : client->output.size();
        boost::asio::async_write(
            client->socket, boost::asio::buffer(client->output.data(), size),
            [this, client, size](const boost::system::error_code& error, std::size_t) {
                if (error) return;
                sent_ += size;
                if (!manner_.endless) client->output.erase(0, size);
                if (client->output.empty()) return;
                client->timer.expires_after(manner_.pause);
                client->timer.async_wait([this, client](const auto&) { write(client); });
            });
    }

    boost::asio::io_context& io_;
    Manner manner_;
    boost::asio::ip::tcp::acceptor acceptor_;
    std::vector<std::string> requests_;
    std::size_t sent_ = 0;
};

inline std::string http(const std::string& body, const std::string& status = "200 OK") {
    return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

} // namespace lbd::health::test
