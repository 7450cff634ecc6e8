// SPDX-License-Identifier: BSD-3-Clause
#include "tools/lbctl/client.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <utility>

#include "tools/lbctl/fields.h"

namespace lbd::lbctl {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace json = boost::json;
using boost::system::error_code;

namespace {

constexpr std::chrono::seconds patience{10};
constexpr std::size_t largest_reply = std::size_t{64} << 20;

std::string why_not(const std::string& socket, const error_code& error) {
    if (error == asio::error::access_denied)
        return "permission denied on " + socket +
               "; it is for root and the group named by control.group";
    if (error == boost::system::errc::no_such_file_or_directory)
        return "lbd is not running (no socket at " + socket + ")";
    if (error == asio::error::connection_refused)
        return "lbd is not running (nobody answers on " + socket + ")";
    return socket + ": " + error.message();
}

using Connection = beast::basic_stream<asio::local::stream_protocol>;

asio::awaitable<void> send_line(Connection& connection, const std::string& socket,
                                std::string line) {
    if (socket.size() > 100) throw Unreachable(socket + ": path too long for a socket");
    connection.expires_after(patience);
    error_code error;
    auto result = asio::redirect_error(asio::use_awaitable, error);
    co_await connection.async_connect(asio::local::stream_protocol::endpoint(socket), result);
    if (error) throw Unreachable(why_not(socket, error));
    co_await asio::async_write(connection, asio::buffer(line), result);
    if (error == beast::error::timeout) throw Unreachable("lbd does not answer on " + socket);
    if (error) throw Unreachable("lbd broke off on " + socket + ": " + error.message());
    co_return; // by which cppcheck knows a coroutine
}

// Hands over line by line what is answered, until `take` has enough.
asio::awaitable<void> converse(std::string socket, std::string line,
                               std::function<bool(std::string)> take) {
    Connection connection(co_await asio::this_coro::executor);
    co_await send_line(connection, socket, std::move(line));
    std::string input; // what has come in beyond the line
    error_code error;
    auto result = asio::redirect_error(asio::use_awaitable, error);
    for (bool more = true; more; connection.expires_never()) {
        const std::size_t length = co_await asio::async_read_until(
            connection, asio::dynamic_buffer(input, largest_reply), '\n', result);
        if (error == beast::error::timeout) throw Unreachable("lbd does not answer on " + socket);
        if (error) throw Unreachable("lbd broke off on " + socket + ": " + error.message());
        std::string reply = input.substr(0, length);
        input.erase(0, length);
        more = take(std::move(reply));
    }
}

asio::awaitable<std::string> exchange_lines(std::string socket, std::string line) {
    std::string answer;
    co_await converse(std::move(socket), std::move(line), [&answer](std::string reply) {
        answer = std::move(reply);
        return false;
    });
    co_return answer;
}

asio::awaitable<void> follow_lines(std::string socket, std::string line,
                                   std::function<bool(const json::object&)> take) {
    const std::string whose = socket;
    co_await converse(std::move(socket), std::move(line),
                      [&](const std::string& reply) { return take(read_reply(reply, whose)); });
}

} // namespace

json::object read_reply(const std::string& line, const std::string& socket) {
    error_code error;
    json::value parsed = json::parse(line, error);
    if (error || !parsed.is_object())
        throw Unreachable("what answers on " + socket + " is not lbd");
    const json::object& object = parsed.as_object();
    const json::value* ok = object.if_contains("ok");
    if (ok != nullptr && ok->is_bool() && ok->as_bool()) return std::move(parsed.as_object());
    std::vector<std::string> lines;
    if (const json::value* details = object.if_contains("details"); details != nullptr)
        if (details->is_array())
            for (const json::value& detail : details->as_array())
                if (detail.is_string()) lines.emplace_back(detail.as_string());
    const json::value* text = object.if_contains("error");
    throw Refused(text != nullptr && text->is_string() ? std::string(text->as_string())
                                                       : "refused without a reason",
                  std::move(lines));
}

json::object reply_to(const std::string& socket, const json::object& request) {
    asio::io_context io;
    auto answer = asio::co_spawn(io, exchange_lines(socket, json::serialize(request) + '\n'),
                                 asio::use_future);
    io.run();
    return read_reply(answer.get(), socket);
}

json::object ask(const std::string& socket, const json::object& request) {
    const json::object reply = reply_to(socket, request);
    return child(reply, "data");
}

asio::awaitable<json::object> async_ask(std::string socket, json::object request) {
    const std::string line = co_await exchange_lines(socket, json::serialize(request) + '\n');
    const json::object reply = read_reply(line, socket);
    co_return child(reply, "data");
}

void follow(asio::io_context& io, std::string socket, const json::object& request,
            std::function<bool(const json::object&)> take,
            std::function<void(std::exception_ptr)> done) {
    asio::co_spawn(
        io, follow_lines(std::move(socket), json::serialize(request) + '\n', std::move(take)),
        std::move(done));
}

} // namespace lbd::lbctl
