// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/metrics/server.h"

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "lb/control/clients.h"
#include "lb/control/metrics/exposition.h"

namespace lbd::control::metrics {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr unsigned most_scrapers = 16;
constexpr std::uint32_t longest_header = 8192;
// Limits the request, and then the whole answer.
constexpr std::chrono::seconds scraper_patience{5};
// What one write hands to the kernel is bounded by this; a large text must not hold up VRRP.
constexpr int send_buffer = 65536;

using Response = http::response<http::span_body<const char>>;

bool is_malformed(const error_code& error) {
    return error.category() == http::make_error_code(http::error::bad_method).category() &&
           error != http::error::end_of_stream && error != http::error::partial_message;
}

asio::awaitable<void> send(beast::tcp_stream& stream, Response& response, bool head) {
    http::response_serializer<http::span_body<const char>> serializer(response);
    error_code error;
    stream.expires_after(scraper_patience);
    if (head)
        co_await http::async_write_header(stream, serializer,
                                          asio::redirect_error(asio::use_awaitable, error));
    else
        co_await http::async_write(stream, serializer,
                                   asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    stream.socket().shutdown(tcp::socket::shutdown_send, error);
    // A socket that is closed with unread bytes takes back what the client has not read yet.
    std::array<char, 4096> rest{};
    for (int reads = 0; reads < 16 && !error; ++reads)
        co_await stream.async_read_some(asio::buffer(rest),
                                        asio::redirect_error(asio::use_awaitable, error));
}

} // namespace

struct Server::Answer {
    http::status status;
    Text text;
};

Server::Server(asio::io_context& io, const tcp::endpoint& endpoint, Metrics metrics,
               Obstacle obstacle)
    : io_(io), metrics_(std::move(metrics)), obstacle_(std::move(obstacle)), acceptor_(io) {
    try {
        acceptor_.open(endpoint.protocol());
        acceptor_.set_option(tcp::acceptor::reuse_address(true));
        acceptor_.set_option(asio::socket_base::send_buffer_size(send_buffer));
        acceptor_.bind(endpoint);
        acceptor_.listen();
    } catch (const boost::system::system_error& error) {
        std::ostringstream text;
        text << "metrics: cannot listen on " << endpoint << ": " << error.code().message();
        throw std::runtime_error(text.str());
    }
    const auto serving = [this](tcp::socket client) { return serve(std::move(client)); };
    asio::co_spawn(io_, accept_clients(acceptor_, most_scrapers, serving), asio::detached);
}

asio::awaitable<void> Server::serve(tcp::socket client) {
    beast::tcp_stream stream(std::move(client));
    beast::flat_buffer buffer(2UL * longest_header);
    http::request_parser<http::empty_body> parser;
    parser.header_limit(longest_header);
    stream.expires_after(scraper_patience);
    error_code error;
    co_await http::async_read_header(stream, buffer, parser,
                                     asio::redirect_error(asio::use_awaitable, error));
    Answer reply{http::status::bad_request, std::make_shared<const std::string>("bad request\n")};
    const bool head = !error && parser.get().method() == http::verb::head;
    if (error) {
        if (!is_malformed(error)) co_return;
    } else {
        const bool reads = head || parser.get().method() == http::verb::get;
        const std::string target(parser.get().target());
        reply = co_await answer(reads, target.substr(0, target.find('?')));
    }
    Response response(reply.status, 11);
    response.set(http::field::content_type, Exposition::content_type);
    if (reply.status == http::status::method_not_allowed)
        response.set(http::field::allow, "GET, HEAD");
    response.keep_alive(false);
    response.body() = beast::span<const char>(reply.text->data(), reply.text->size());
    response.content_length(reply.text->size());
    co_await send(stream, response, head);
}

asio::awaitable<Server::Answer> Server::answer(bool reads, std::string path) {
    const auto say = [](http::status status, const std::string& text) {
        return Answer{status, std::make_shared<const std::string>(text + '\n')};
    };
    if (path != "/metrics" && path != "/healthz")
        co_return say(http::status::not_found, "there are /metrics and /healthz");
    if (!reads) co_return say(http::status::method_not_allowed, "allowed are GET and HEAD");
    if (path == "/metrics") {
        Text text = metrics_();
        for (asio::steady_timer turn(io_); !text; text = metrics_()) {
            turn.expires_after(std::chrono::milliseconds(2));
            co_await turn.async_wait(asio::use_awaitable);
        }
        co_return Answer{http::status::ok, text};
    }
    const std::string obstacle = obstacle_();
    co_return obstacle.empty() ? say(http::status::ok, "ready")
                               : say(http::status::service_unavailable, obstacle);
}

} // namespace lbd::control::metrics
