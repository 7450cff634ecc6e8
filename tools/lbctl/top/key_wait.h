// SPDX-License-Identifier: BSD-3-Clause
// Waits until a terminal has something to read, without changing anything about it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

namespace lbd::lbctl::top {

class KeyWait {
  public:
    static constexpr auto readable = boost::asio::posix::stream_descriptor::wait_read;

    // `terminal` stays the caller's. Throws std::system_error.
    KeyWait(boost::asio::io_context& io, int terminal);

    // Is readable when the terminal is.
    boost::asio::posix::stream_descriptor& watch() { return watch_; }

    bool gone() const; // hung up: nothing will ever be read from it

  private:
    int terminal_;
    boost::asio::posix::stream_descriptor watch_;
};

} // namespace lbd::lbctl::top
