// SPDX-License-Identifier: BSD-3-Clause
// The text of all metrics, made at most once a second however many ask. Control thread only, except
// that the text is written on the thread of `computer`: thousands of backends would hold up VRRP.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "lb/control/metrics/snapshot.h"

namespace lbd::control::metrics {

class Page {
  public:
    using Text = std::shared_ptr<const std::string>;
    using Collect = std::function<Snapshot()>;

    // `computer` ends before the object does.
    Page(boost::asio::io_context& io, boost::asio::thread_pool& computer, Collect collect);

    // Nothing while it is being made: ask again.
    Text text();

  private:
    using Clock = std::chrono::steady_clock;

    void make();

    boost::asio::io_context& io_;
    boost::asio::thread_pool& computer_;
    Collect collect_;
    Text text_;
    Clock::time_point made_;
    bool making_ = false;
};

} // namespace lbd::control::metrics
