// SPDX-License-Identifier: BSD-3-Clause
#include "tools/lbctl/client.h"

#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <utility>

#include "tools/lbctl/fields.h"

namespace lbd::lbctl {

namespace asio = boost::asio;
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

std::string exchange_lines(const std::string& socket, const std::string& line) {
    asio::io_context io;
    asio::local::stream_protocol::socket connection(io);
    error_code error;
    if (socket.size() > 100) throw Unreachable(socket + ": path too long for a socket");
    connection.connect(asio::local::stream_protocol::endpoint(socket), error);
    if (error) throw Unreachable(why_not(socket, error));

    std::string reply;
    asio::async_write(connection, asio::buffer(line), [&](error_code failed, std::size_t) {
        error = failed;
        if (failed) return;
        asio::async_read_until(connection, asio::dynamic_buffer(reply, largest_reply), '\n',
                               [&](error_code result, std::size_t) { error = result; });
    });
    io.run_for(patience);
    if (!io.stopped()) throw Unreachable("lbd does not answer on " + socket);
    if (error) throw Unreachable("lbd broke off on " + socket + ": " + error.message());
    return reply;
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
    return read_reply(exchange_lines(socket, json::serialize(request) + '\n'), socket);
}

json::object ask(const std::string& socket, const json::object& request) {
    const json::object reply = reply_to(socket, request);
    return child(reply, "data");
}

} // namespace lbd::lbctl
