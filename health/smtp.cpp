// SPDX-License-Identifier: BSD-3-Clause
#include "health/smtp.h"

#include <boost/asio/buffer.hpp>

namespace lbd::health {

using boost::system::error_code;

void Smtp::begin() {
    replies_.clear();
    greeted_ = false;
    const boost::asio::ip::tcp::endpoint target(probe().address, probe().port);
    if (const error_code error = open(target)) return finish_later(error);
    socket().async_connect(target, [this, alive = life()](const error_code& result) {
        if (result == boost::asio::error::operation_aborted || alive.expired()) return;
        if (result) return finish(result);
        receive();
    });
}

void Smtp::receive() {
    socket().async_read_some(
        boost::asio::buffer(buffer_),
        [this, alive = life()](const error_code& error, std::size_t length) {
            if (error == boost::asio::error::operation_aborted || alive.expired()) return;
            if (error) return finish(error);
            replies_.add({buffer_.data(), length});
            if (const auto line = replies_.next()) return reply_received(*line);
            if (replies_.endless()) return finish(Result::Kind::failure, "an endless answer");
            receive();
        });
}

void Smtp::reply_received(const std::string& line) {
    const std::string code = line.substr(0, 3);
    if (code != (greeted_ ? "250" : "220"))
        return finish(Result::Kind::failure, "answered " + line.substr(0, 80));
    if (greeted_) {
        say("QUIT\r\n");
        return finish(Result::Kind::success, "answered");
    }
    greeted_ = true;
    say("HELO " + probe().helo + "\r\n");
    receive();
}

// It fits the socket's buffer; should it not, no answer comes.
void Smtp::say(const std::string& line) {
    error_code ignored;
    socket().non_blocking(true, ignored);
    socket().write_some(boost::asio::buffer(line), ignored);
}

} // namespace lbd::health
