// SPDX-License-Identifier: BSD-3-Clause
// Hands snapshots from the control thread, which makes them, to other threads that ask: at most one
// a second is made, however many ask.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>

#include "lb/control/metrics/snapshot.h"

namespace lbd::control::telemetry {

// What waits in the event loop holds on to the object: make it by make_shared.
class Snapshots : public std::enable_shared_from_this<Snapshots> {
  public:
    using Shared = std::shared_ptr<const metrics::Snapshot>;
    using Collect = std::function<metrics::Snapshot()>;

    // `io` is the control thread's, which `collect` is called on.
    Snapshots(boost::asio::io_context& io, Collect collect);

    // Any other thread. At most a second old; nothing if the control thread does not make one
    // within `patience`, or close() was called.
    Shared get(std::chrono::milliseconds patience);

    // Control thread: nobody waits any more, and neither `io` nor `collect` is used again.
    void close();

  private:
    using Clock = std::chrono::steady_clock;

    bool is_fresh() const;
    void make();

    boost::asio::io_context& io_;
    Collect collect_;
    std::mutex mutex_; // of what follows; held for no longer than it takes to copy a pointer
    std::condition_variable changed_;
    Shared latest_;
    Clock::time_point made_;
    bool making_ = false;
    bool closed_ = false;
};

} // namespace lbd::control::telemetry
