// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/metrics/page.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "lb/control/metrics/families.h"

namespace lbd::control::metrics {

namespace asio = boost::asio;

Page::Page(asio::io_context& io, asio::thread_pool& computer, Collect collect)
    : io_(io), computer_(computer), collect_(std::move(collect)) {}

Page::Text Page::text() {
    constexpr std::chrono::seconds fresh{1};
    if (!making_ && (!text_ || Clock::now() - made_ >= fresh)) make();
    return making_ ? nullptr : text_;
}

void Page::make() {
    making_ = true;
    const auto start = Clock::now();
    Snapshot snapshot = collect_();
    snapshot.collect_seconds = std::chrono::duration<double>(Clock::now() - start).count();
    asio::post(computer_, [this, snapshot = std::move(snapshot)] {
        auto text = std::make_shared<const std::string>(text_of(snapshot, Process::look()));
        asio::post(io_, [this, text = std::move(text)]() mutable {
            text_ = std::move(text);
            made_ = Clock::now();
            making_ = false;
        });
    });
}

} // namespace lbd::control::metrics
