// SPDX-License-Identifier: BSD-3-Clause
// Brings the workers the forwarding table that follows from the roster. Many backends may change at
// once: their changes are collected, and the table is computed on a thread of its own.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "lb/control/roster.h"
#include "lb/dataplane/publication.h"

namespace lbd::control {

class TablePublisher {
  public:
    // `published` is called after each table, on `io`. Computing must have ended (computer.join())
    // before this goes.
    TablePublisher(boost::asio::io_context& io, boost::asio::thread_pool& computer, Roster& roster,
                   dataplane::Publication& publication, std::function<void()> published);

    // In a moment, with what else changes until then.
    void publish_soon();
    // At once: what follows relies on it. What is being computed meanwhile will be out of date.
    void publish();
    // Whether no table is under way: the last one of the roster's has been published.
    bool up_to_date() const { return generation_ == roster_.generation(); }

  private:
    using Clock = std::chrono::steady_clock;

    void compute_soon();
    void publish_computed(std::unique_ptr<const dataplane::ForwardingTable> table);

    boost::asio::io_context& io_;
    boost::asio::thread_pool& computer_;
    Roster& roster_;
    dataplane::Publication& publication_;
    std::function<void()> published_;
    boost::asio::steady_timer timer_;
    Clock::time_point next_;
    std::uint64_t generation_ = 0; // of the table that was published last
    bool pending_ = false;
    bool computing_ = false;
};

} // namespace lbd::control
