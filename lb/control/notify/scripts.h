// SPDX-License-Identifier: BSD-3-Clause
// Runs the programs that are told of changes. Control thread only; it never waits for one.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "health/program.h"
#include "lb/control/notify/backlog.h"

namespace lbd::control::notify {

class Scripts {
  public:
    explicit Scripts(boost::asio::io_context& io) : io_(io) {}
    Scripts(const Scripts&) = delete;
    Scripts& operator=(const Scripts&) = delete;
    // Kills what runs.
    ~Scripts() = default;

    void tell(const Event& event, const std::vector<config::NotifyScript>& scripts);
    bool idle() const { return backlog_.waiting() == 0 && backlog_.under_way() == 0; }

    const Backlog& backlog() const { return backlog_; }
    std::uint64_t run() const { return run_; }
    std::uint64_t failed() const { return failed_; } // also by what health::Program does not run
    const std::string& last_error() const { return last_error_; }

  private:
    void start_what_may();
    void start(const Backlog::Job& job);
    void ended(const std::string& object, const std::string& program, const std::string& failure);

    boost::asio::io_context& io_;
    Backlog backlog_;
    std::map<std::string, std::unique_ptr<health::Program>> programs_; // by object
    std::uint64_t run_ = 0;
    std::uint64_t failed_ = 0;
    std::uint64_t dropped_in_a_row_ = 0;
    std::string last_error_;
    std::shared_ptr<int> life_ = std::make_shared<int>(); // what is posted may come later
};

} // namespace lbd::control::notify
