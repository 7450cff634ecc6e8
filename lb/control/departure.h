// SPDX-License-Identifier: BSD-3-Clause
// How a director leaves: it hands its virtual addresses over, then tells scripts and mail readers.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>

#include "lb/control/notify/notifier.h"
#include "lb/control/roster.h"
#include "lb/control/virtual_routers.h"

namespace lbd::control {

class Departure {
  public:
    Departure(boost::asio::io_context& io, VirtualRouters& routers, const Roster& roster,
              notify::Notifier& notifier);

    // `done` is called when all is told, or has had its time. Until the successors have the
    // addresses packets are forwarded and connections told.
    void begin(std::function<void()> done);

  private:
    using Clock = std::chrono::steady_clock;

    void await_successors(Clock::time_point deadline);
    void take_leave();

    VirtualRouters& routers_;
    const Roster& roster_;
    notify::Notifier& notifier_;
    boost::asio::steady_timer succession_;
    std::function<void()> done_;
};

} // namespace lbd::control
