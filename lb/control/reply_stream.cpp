// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/reply_stream.h"

#include <poll.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <memory>
#include <string>

namespace lbd::control {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

// Somebody may have stopped a pager to read.
constexpr std::chrono::minutes reader_patience{1};

} // namespace

asio::awaitable<bool> ReplyStream::send(const boost::json::value& line) {
    const std::string text = boost::json::serialize(line) + '\n';
    asio::steady_timer timer(client_.get_executor(), reader_patience);
    const auto life = std::make_shared<int>(); // the handler may outlive the coroutine
    timer.async_wait([this, alive = std::weak_ptr<int>(life)](const error_code& error) {
        error_code ignored;
        if (!error && !alive.expired()) client_.cancel(ignored);
    });
    error_code error;
    co_await asio::async_write(client_, asio::buffer(text),
                               asio::redirect_error(asio::use_awaitable, error));
    co_return !error;
}

bool ReplyStream::gone() {
    pollfd state{client_.native_handle(), 0, 0};
    return poll(&state, 1, 0) > 0 && (state.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

} // namespace lbd::control
