// SPDX-License-Identifier: BSD-3-Clause
// A program that is run again and again to learn whether something outside is well (keepalived:
// vrrp_script). Control thread only; it never waits for the program.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <string>

#include "config/config.h"
#include "health/program.h"

namespace lbd::control {

class Script {
  public:
    // Runs for the first time at once. `changed` is called when failure() is another than before.
    Script(boost::asio::io_context& io, const config::VrrpTrack& track,
           std::function<void()> changed);
    Script(const Script&) = delete;
    Script& operator=(const Script&) = delete;
    // Why it counts as failed, or empty: it has not run yet, or as of health::Program.
    const std::string& failure() const { return failure_; }

  private:
    void run_after(std::chrono::milliseconds delay);
    void run();
    void conclude(const std::string& failure);

    config::VrrpTrack track_;
    std::function<void()> changed_;
    boost::asio::steady_timer next_;
    health::Program program_;
    unsigned successes_ = 0, failures_ = 0; // in a row
    bool concluded_ = false;                // at least once
    std::string failure_;
};

} // namespace lbd::control
