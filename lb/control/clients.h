// SPDX-License-Identifier: BSD-3-Clause
// Takes what clients of a listening socket there are, so many at once; those beyond are closed.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <exception>
#include <memory>
#include <utility>

namespace lbd::control {

// Until the acceptor is closed. `serve` takes a connected socket and returns an awaitable that ends
// with the client. The acceptor outlives this coroutine.
template <typename Protocol, typename Serve>
boost::asio::awaitable<void> accept_clients(boost::asio::basic_socket_acceptor<Protocol>& acceptor,
                                            unsigned most, Serve serve) {
    namespace asio = boost::asio;
    const auto present = std::make_shared<unsigned>(0);
    for (;;) {
        boost::system::error_code error;
        typename Protocol::socket client =
            co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
        if (error == asio::error::operation_aborted) co_return;
        if (error) {
            // Out of descriptors, say: come back when there may be some again.
            asio::steady_timer pause(acceptor.get_executor(), std::chrono::milliseconds(100));
            co_await pause.async_wait(asio::use_awaitable);
        } else if (*present < most) {
            ++*present;
            asio::co_spawn(acceptor.get_executor(), serve(std::move(client)),
                           [present](const std::exception_ptr&) { --*present; });
        }
    }
}

} // namespace lbd::control
