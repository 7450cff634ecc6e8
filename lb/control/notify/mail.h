// SPDX-License-Identifier: BSD-3-Clause
// Mail of what happens. Control thread only; it never waits for the server.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <string>

#include "lb/control/notify/delivery.h"
#include "lb/control/notify/outbox.h"

namespace lbd::control::notify {

class Mail {
  public:
    // `name`: the configuration's, of lbd.
    Mail(boost::asio::io_context& io, config::NotifyMail settings, std::string name);
    Mail(const Mail&) = delete;
    Mail& operator=(const Mail&) = delete;
    // What has not been sent is lost; what is under way is broken off within about a second.
    ~Mail() = default;

    // Takes new settings over; what is collected stays.
    void adopt(const config::NotifyMail& settings);
    void tell(const Event& event);
    // What there is goes out now, in one attempt.
    void hurry();

    const Outbox& outbox() const { return outbox_; }
    const std::string& last_error() const { return last_error_; }

  private:
    void arm();
    void send();
    void concluded(const std::string& failure);

    config::NotifyMail settings_;
    std::string host_;
    std::string name_;
    Outbox outbox_;
    std::string last_error_;
    boost::asio::steady_timer timer_;
    Delivery delivery_;
};

} // namespace lbd::control::notify
