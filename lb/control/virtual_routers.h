// SPDX-License-Identifier: BSD-3-Clause
// The VRRP instances of the configuration, and what they do to the host: virtual addresses on the
// companion interfaces. Control thread only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/json/object.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "config/config.h"
#include "lb/control/rtnetlink.h"
#include "vrrp/instance.h"

namespace lbd::control {

class VirtualRouters : private vrrp::Listener {
  public:
    VirtualRouters(boost::asio::io_context& io, Rtnetlink& netlink);
    ~VirtualRouters() override;

    // From now on exactly the instances of `config` exist; those that were there keep their state.
    void reconcile(const config::Config& config);
    // Whether the instances on `port` may take part, and in words why not.
    void set_ready(const std::string& port, bool ready, const std::string& reason);
    // Lets other directors take over, of one instance or of all; false if there is no such master.
    // They do not preempt until they have been master again.
    bool resign(const std::string& name);
    bool resign();
    // Whether an instance that resigned still waits for its successor.
    bool lingers() const;
    // Of the instance whose adverts are most frequent, or a second.
    std::chrono::milliseconds shortest_interval() const;
    // The longest that may take if there is one.
    std::chrono::milliseconds longest_wait() const;
    // Gives mastership away everywhere.
    void stop();

    boost::json::object status() const;

  private:
    struct Readiness {
        bool ready = false;
        std::string reason = "starting";
    };

    void acquire(const vrrp::Settings& settings,
                 std::span<const vrrp::VirtualAddress> addresses) override;
    void release(const vrrp::Settings& settings,
                 std::span<const vrrp::VirtualAddress> addresses) override;
    void changed(const vrrp::Settings& settings, vrrp::RouterState from, vrrp::RouterState to,
                 std::string_view reason) override;
    void rejected(const vrrp::Settings& settings, const vrrp::Address& source,
                  vrrp::Reject reason) override;
    boost::json::object describe(const vrrp::Instance& instance) const;

    boost::asio::io_context& io_;
    Rtnetlink& netlink_;
    std::map<std::string, Readiness> readiness_; // by interface
    std::map<std::string, std::unique_ptr<vrrp::Instance>> instances_;
};

} // namespace lbd::control
