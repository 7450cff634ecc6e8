// SPDX-License-Identifier: BSD-3-Clause
// Decides who is told of a change of a backend, a service or a VRRP instance: programs, syslog,
// people by mail. Control thread only; it never waits for any of them.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json/object.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "lb/control/notify/mail.h"
#include "lb/control/notify/scripts.h"
#include "lb/control/notify/syslog.h"

namespace lbd::control::notify {

class Notifier {
  public:
    explicit Notifier(boost::asio::io_context& io);
    Notifier(const Notifier&) = delete;
    Notifier& operator=(const Notifier&) = delete;
    ~Notifier();

    // Who is to be told from now on. What an object was told to be is remembered as long as it is
    // configured, so that a reload repeats nothing.
    void adopt(const config::Config& config);

    // How things stand; told if it is another than before. What is well when it is heard of for
    // the first time is told to programs and syslog, and not worth a mail.
    void backend_is(bool up, const config::Service& service, const config::Backend& backend,
                    const std::string& reason);
    void quorum_is(bool there, const std::string& service);
    // Every state is told.
    void router_is(config::Occasion state, const std::string& instance, unsigned priority,
                   std::string_view reason);

    // For a clean stop: of a service with omega that is left, programs alone are told.
    void leave_backend(const config::Service& service, const config::Backend& backend);
    void leave_quorum(const config::Service& service);
    // Nothing is told any more. Calls `done`, perhaps at once, when all is delivered or `longest`
    // has passed.
    void finish(std::chrono::milliseconds longest, std::function<void()> done);

    boost::json::object status() const;

  private:
    using ScriptsOf = std::map<std::string, std::vector<config::NotifyScript>>; // by object

    // Whether it is another than what was told; `first`: nothing was.
    bool is_news(const Event& event, bool& first);
    void tell(const Event& event, bool worth_a_mail);
    void tell_programs(const Event& event);
    std::vector<config::NotifyScript> listeners(const Event& event) const;
    bool delivered() const;
    void await_delivery(std::chrono::steady_clock::time_point deadline, std::function<void()> done);

    boost::asio::io_context& io_;
    config::Notifications settings_;
    ScriptsOf own_;    // of the objects
    ScriptsOf former_; // before the last reload: what it removes still says so
    std::map<std::string, config::Occasion> told_; // by object
    Scripts scripts_;
    std::optional<Syslog> syslog_;
    std::optional<Mail> mail_;
    boost::asio::steady_timer waiting_;
    bool finished_ = false;
};

} // namespace lbd::control::notify
