// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/metrics/page.h"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "lb/control/metrics/families.h"

namespace lbd::control::metrics {

namespace asio = boost::asio;

Page::Page(asio::io_context& io, asio::thread_pool& computer, Collect collect)
    : io_(io),
      computer_(computer),
      collect_(std::move(collect)),
      made_(io, Clock::time_point::max()) {}

asio::awaitable<Page::Text> Page::text() {
    constexpr std::chrono::seconds fresh{1};
    if (!text_ || Clock::now() - collected_ >= fresh) {
        if (!std::exchange(making_, true)) make();
        boost::system::error_code cancelled;
        co_await made_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    }
    co_return text_;
}

void Page::make() {
    collected_ = Clock::now();
    Snapshot snapshot = collect_();
    snapshot.collect_seconds = std::chrono::duration<double>(Clock::now() - collected_).count();
    asio::post(computer_, [this, snapshot = std::move(snapshot)] {
        auto text = std::make_shared<const std::string>(text_of(snapshot, Process::look()));
        asio::post(io_, [this, text = std::move(text)]() mutable {
            text_ = std::move(text);
            making_ = false;
            made_.cancel();
        });
    });
}

} // namespace lbd::control::metrics
