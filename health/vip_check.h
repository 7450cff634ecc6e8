// SPDX-License-Identifier: BSD-3-Clause
// What Direct Routing needs of a backend: that it takes packets for the virtual address, which come
// to its MAC address, and that it keeps silent when somebody asks who has that address. The
// director may hold the address itself, so no ordinary socket can ask this.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <string>

#include "health/timed_attempt.h"
#include "health/wire.h"

namespace lbd::health {

class VipCheck : public TimedAttempt, private Wire::Ear {
  public:
    VipCheck(boost::asio::io_context& io, Wires& wires, const Probe& probe);
    ~VipCheck() override;

  private:
    void begin() override;
    void timed_out() override;
    void end() override;
    void heard(const Heard& heard) override;

    boost::system::error_code reserve_port();
    void await_mac();
    void ask();
    void answered(const Heard& heard);
    void leave();
    std::string warning() const;

    Wires& wires_;
    Wire* wire_ = nullptr;                  // listened to
    boost::asio::ip::tcp::socket reserved_; // its port is ours, which nobody else will use
    boost::asio::steady_timer patience_;
    Ends ends_{};
    std::uint16_t local_ = 0;
    std::uint32_t sequence_ = 0;
    bool announces_ = false; // the backend says that it has the VIP
};

} // namespace lbd::health
