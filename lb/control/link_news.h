// SPDX-License-Identifier: BSD-3-Clause
// Tells at once that something about a Linux interface has changed, its carrier for example.
// Control thread only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>

#include "lb/control/rtnetlink.h"

namespace lbd::control {

class LinkNews {
  public:
    // `changed` is told of any interface, and finds out itself what there is to know. Throws
    // std::system_error.
    LinkNews(boost::asio::io_context& io, std::function<void()> changed);

  private:
    void receive();

    std::function<void()> changed_;
    NetlinkSocket socket_;
    boost::asio::posix::stream_descriptor descriptor_;
};

} // namespace lbd::control
