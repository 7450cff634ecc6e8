// SPDX-License-Identifier: BSD-3-Clause
// Whether a mail server greets and understands HELO (RFC 5321). Not by libcurl, which waits for the
// answer to QUIT and lets everybody else on the thread wait with it.
#pragma once

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <string>

#include "health/smtp_replies.h"
#include "health/timed_attempt.h"

namespace lbd::health {

class Smtp : public SocketAttempt<boost::asio::ip::tcp::socket> {
  public:
    Smtp(boost::asio::io_context& io, const Probe& probe) : SocketAttempt(io, probe) {}

  private:
    void begin() override;
    void timed_out() override { finish(Result::Kind::failure, "no complete answer in time"); }
    void receive();
    void reply_received(const std::string& line);
    void say(const std::string& line);

    SmtpReplies replies_;
    bool greeted_ = false;
    std::array<char, 512> buffer_{};
};

} // namespace lbd::health
