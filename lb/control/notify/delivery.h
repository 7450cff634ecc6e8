// SPDX-License-Identifier: BSD-3-Clause
// A mail's way to an SMTP server. It takes as long as the server likes, so it has a thread of its
// own: libcurl waits for the answer to QUIT, and a resolver for its server.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>
#include <string>

#include "config/config.h"

namespace lbd::control::notify {

class Delivery {
  public:
    // Why it failed, or empty.
    using Done = std::function<void(const std::string& failure)>;

    explicit Delivery(boost::asio::io_context& io);
    Delivery(const Delivery&) = delete;
    Delivery& operator=(const Delivery&) = delete;
    // Breaks off what is under way, within about a second.
    ~Delivery();

    // Calls `done` on the thread of the io_context, unless this is destroyed before. The caller
    // waits for one before it starts the next.
    void start(const config::NotifyMail& mail, const std::string& text, Done done);

  private:
    boost::asio::io_context& io_;
    std::atomic<bool> broken_off_{false};
    std::shared_ptr<int> life_ = std::make_shared<int>(); // what is posted may come later
    boost::asio::thread_pool thread_{1};
};

// Waits for the server. Why it failed, or empty. `broken_off`: looked at about once a second.
std::string deliver(const config::NotifyMail& mail, const std::string& text,
                    const std::atomic<bool>& broken_off);

} // namespace lbd::control::notify
