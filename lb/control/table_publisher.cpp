// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/table_publisher.h"

#include <boost/asio/post.hpp>
#include <utility>

namespace lbd::control {

namespace asio = boost::asio;

TablePublisher::TablePublisher(asio::io_context& io, asio::thread_pool& computer, Roster& roster,
                               dataplane::Publication& publication, std::function<void()> published)
    : io_(io),
      computer_(computer),
      roster_(roster),
      publication_(publication),
      published_(std::move(published)),
      timer_(io) {}

void TablePublisher::publish_soon() {
    if (std::exchange(pending_, true)) return;
    timer_.expires_at(next_);
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error && !computing_) compute_soon();
    });
}

void TablePublisher::compute_soon() {
    constexpr std::chrono::milliseconds between_tables{10};
    pending_ = false;
    computing_ = true;
    next_ = Clock::now() + between_tables;
    asio::post(computer_, [this, plan = roster_.plan(Clock::now())]() mutable {
        asio::post(io_, [this, table = compute(std::move(plan))]() mutable {
            computing_ = false;
            publish_computed(std::move(table));
            if (std::exchange(pending_, false)) publish_soon();
        });
    });
}

void TablePublisher::publish() {
    publish_computed(compute(roster_.plan(Clock::now())));
}

void TablePublisher::publish_computed(std::unique_ptr<const dataplane::ForwardingTable> table) {
    if (table->generation() > generation_) {
        generation_ = table->generation();
        publication_.publish(std::move(table));
    }
    published_();
}

} // namespace lbd::control
