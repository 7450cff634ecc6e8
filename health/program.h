// SPDX-License-Identifier: BSD-3-Clause
// One run of a program, without waiting for it. Everything happens on the io_context's thread.
#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "health/attempt.h"

namespace lbd::health {

class Program {
  public:
    // Why it failed, or empty: exited with another status than 0, was ended by a signal, took too
    // long, could not be started or is not to be trusted.
    using Done = std::function<void(const std::string& failure)>;

    explicit Program(boost::asio::io_context& io) : timeout_(io), end_(io) {}
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;
    // Kills what runs.
    ~Program();

    struct Manner {
        Milliseconds timeout{1000};
        std::string user{};                               // whose rights it has; empty: ours
        std::map<std::string, std::string> environment{}; // beside ours
    };
    // One run at a time. `words`: an absolute path and arguments; no shell is involved. Calls
    // `done` later.
    void run(const std::vector<std::string>& words, const Manner& manner, Done done);
    bool runs() const { return process_ != 0; }

  private:
    void start(const std::vector<std::string>& words, const Manner& manner);
    void fail_later(std::string failure);
    void await_end();
    void await_timeout(Milliseconds timeout);
    void ended();
    void kill_process();

    boost::asio::steady_timer timeout_;
    boost::asio::posix::stream_descriptor end_; // a pidfd: readable when the process has ended
    pid_t process_ = 0;                         // 0: none
    bool too_long_ = false;
    Done done_;
};

// A program as a check. It learns from its environment what it is about: LBD_ADDRESS, LBD_PORT.
class ProgramAttempt : public Attempt {
  public:
    ProgramAttempt(boost::asio::io_context& io, Probe probe)
        : probe_(std::move(probe)), program_(io) {}
    void start(Done done) override;

  private:
    Probe probe_;
    Program program_;
};

} // namespace lbd::health
