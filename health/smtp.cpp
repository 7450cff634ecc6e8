// SPDX-License-Identifier: BSD-3-Clause
#include "health/smtp.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>

namespace lbd::health {

using boost::system::error_code;

namespace {

// Lines of a reply but the last have a hyphen behind the code (RFC 5321 4.2.1).
bool is_continued(const std::string& line) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    return line.size() >= 4 && std::all_of(line.begin(), line.begin() + 3, is_digit) &&
           line[3] == '-';
}

} // namespace

void Smtp::begin() {
    received_.clear();
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
            received_.append(buffer_.data(), length);
            for (auto end = received_.find('\n'); end != std::string::npos;
                 end = received_.find('\n')) {
                const std::string line = received_.substr(0, received_.find_first_of("\r\n"));
                received_.erase(0, end + 1);
                if (!is_continued(line)) return reply_received(line);
            }
            constexpr std::size_t longest_line = 4096;
            if (received_.size() > longest_line)
                return finish(Result::Kind::failure, "an endless answer");
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
