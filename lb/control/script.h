// SPDX-License-Identifier: BSD-3-Clause
// A program that is run again and again to learn whether something outside is well (keepalived:
// vrrp_script). Control thread only; it never waits for the program.
#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <optional>
#include <string>

#include "config/config.h"

namespace lbd::control {

class Script {
  public:
    // Runs for the first time at once. `changed` is called when failure() is another than before.
    Script(boost::asio::io_context& io, const config::VrrpTrack& track,
           std::function<void()> changed);
    Script(const Script&) = delete;
    Script& operator=(const Script&) = delete;
    // Kills the program if it runs.
    ~Script();

    // Why it counts as failed, or empty: it did not run yet, exited with another status than 0, was
    // killed by a signal, took too long, could not be started or is not to be trusted.
    const std::string& failure() const { return failure_; }

  private:
    void run();
    void start();
    void await_end();
    void await_timeout();
    void ended();
    void conclude(const std::string& failure);
    void kill_program();

    config::VrrpTrack track_;
    std::function<void()> changed_;
    boost::asio::steady_timer next_;
    boost::asio::steady_timer timeout_;
    boost::asio::posix::stream_descriptor end_; // a pidfd: readable when the program has ended
    pid_t program_ = 0;                         // 0: does not run
    bool too_long_ = false;
    unsigned successes_ = 0, failures_ = 0; // in a row
    bool concluded_ = false;                // at least once
    std::string failure_;
};

// Why root should not run the file: somebody else could have written it. Empty: it may.
std::string distrust(const std::string& path);

} // namespace lbd::control
