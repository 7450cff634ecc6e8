// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/errands.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

namespace lbd::control {

namespace asio = boost::asio;

asio::awaitable<void> run_errand(dataplane::Worker& worker, dataplane::Errand& errand) {
    asio::steady_timer timer(co_await asio::this_coro::executor);
    worker.request(errand);
    while (!errand.done.load(std::memory_order_acquire)) {
        timer.expires_after(std::chrono::milliseconds(1));
        co_await timer.async_wait(asio::use_awaitable);
    }
}

} // namespace lbd::control
