// SPDX-License-Identifier: BSD-3-Clause
// Tells systemd how lbd fares, as sd_notify(3) describes the protocol: that it serves, reloads and
// stops, a line of status, and heartbeats while the workers poll. libsystemd's own function waits
// when systemd does not read; the control thread may not. Without systemd nothing happens.
// Control thread only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace lbd::control {

// When a heartbeat is due: a third of systemd's patience after the last one, and only if every
// worker has polled since then.
class Heartbeat {
  public:
    using Clock = std::chrono::steady_clock;

    explicit Heartbeat(Clock::duration patience) : interval_(patience / 3) {}

    Clock::duration interval() const { return interval_; }
    // `worker_polls` of each worker, growing while it lives.
    bool due(const std::vector<std::uint64_t>& worker_polls, Clock::time_point now);

  private:
    Clock::duration interval_;
    Clock::time_point last_{};
    std::vector<std::uint64_t> polls_; // at the last heartbeat
};

class ServiceManager {
  public:
    struct Facts {
        std::function<std::vector<std::uint64_t>()> worker_polls;
        std::function<std::string()> status; // a short line
    };

    // Takes systemd's variables out of the environment, which scripts inherit: to be called before
    // other threads exist.
    explicit ServiceManager(boost::asio::io_context& io);
    ServiceManager(const ServiceManager&) = delete;
    ServiceManager& operator=(const ServiceManager&) = delete;
    ~ServiceManager();

    // From here on `facts` are asked again and again.
    void serves(Facts facts);
    void stops();

    // A reload, while it lives.
    class Reload {
      public:
        explicit Reload(const ServiceManager& manager);
        Reload(const Reload&) = delete;
        Reload& operator=(const Reload&) = delete;
        ~Reload() { manager_.tell("READY=1"); }

      private:
        const ServiceManager& manager_;
    };

  private:
    bool tell(const std::string& message) const; // false: not received
    void tell_status();
    void beat();

    std::string address_; // empty: nobody is to be told
    int socket_ = -1;
    std::optional<Heartbeat> heartbeat_;
    boost::asio::steady_timer status_timer_;
    boost::asio::steady_timer heartbeat_timer_;
    Facts facts_;
    std::string status_; // as last told
};

} // namespace lbd::control
