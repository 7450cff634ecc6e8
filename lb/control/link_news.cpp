// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/link_news.h"

#include <fcntl.h>
#include <linux/rtnetlink.h>

#include <array>
#include <cerrno>
#include <utility>

namespace lbd::control {

LinkNews::LinkNews(boost::asio::io_context& io, std::function<void()> changed)
    : changed_(std::move(changed)),
      socket_(subscribed_socket(RTMGRP_LINK, "state of links")),
      descriptor_(io, fcntl(mnl_socket_get_fd(socket_.get()), F_DUPFD_CLOEXEC, 0)) {
    receive();
}

void LinkNews::receive() {
    descriptor_.async_wait(
        boost::asio::posix::stream_descriptor::wait_read,
        [this](const boost::system::error_code& error) {
            if (error) return;
            // Lost news (ENOBUFS) are news as well.
            std::array<char, 32768> buffer;
            while (mnl_socket_recvfrom(socket_.get(), buffer.data(), buffer.size()) > 0 ||
                   errno == ENOBUFS)
                errno = 0;
            changed_();
            receive();
        });
}

} // namespace lbd::control
