// SPDX-License-Identifier: BSD-3-Clause
// Tells at once that something about a Linux interface has changed, its carrier for example.
// Control thread only.
#pragma once

#include <libmnl/libmnl.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>

namespace lbd::control {

class LinkNews {
  public:
    // `changed` is told of any interface, and finds out itself what there is to know. Throws
    // std::system_error.
    LinkNews(boost::asio::io_context& io, std::function<void()> changed);

  private:
    struct Close {
        void operator()(mnl_socket* socket) const { mnl_socket_close(socket); }
    };

    void receive();

    std::function<void()> changed_;
    std::unique_ptr<mnl_socket, Close> socket_;
    boost::asio::posix::stream_descriptor descriptor_;
};

} // namespace lbd::control
