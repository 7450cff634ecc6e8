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
#include <tuple>
#include <vector>

#include "config/config.h"
#include "lb/control/rtnetlink.h"
#include "lb/control/script.h"
#include "lb/control/tracking.h"
#include "vrrp/instance.h"

namespace lbd::control {

class VirtualRouters : private vrrp::Listener {
  public:
    // What is asked of the ports.
    struct Ports {
        std::function<config::IpAddress(const std::string& interface)> link_local;
        // Frames for the address are the interface's from now on, or no more.
        std::function<void(const std::string& interface, const config::MacAddress&, bool taken)>
            take_mac;
    };

    // An instance is master, backup, in fault, or stopped: for good, or removed by a reload.
    using Told = std::function<void(config::Occasion state, const std::string& name,
                                    unsigned priority, std::string_view reason)>;

    VirtualRouters(boost::asio::io_context& io, Rtnetlink& netlink, Ports ports, Told told);
    ~VirtualRouters() override;

    // From now on exactly the instances of `config` exist; those that were there keep their state.
    void reconcile(const config::Config& config);
    // How things stand now. `script` is not looked at: the scripts are run here.
    void judge(const Conditions& conditions);
    // Lets other directors take over, of one instance with its group or of all; false if there is
    // no such master. They do not preempt until they have been master again.
    bool resign(const std::string& name);
    bool resign();
    // Resigns everywhere before a stop. Only the stop is told then.
    void leave();
    // Whether an instance that resigned still waits for its successor.
    bool lingers() const;
    // Of the instance whose adverts are most frequent, or a second.
    std::chrono::milliseconds shortest_interval() const;
    // The longest that may take if there is one.
    std::chrono::milliseconds longest_wait() const;
    // Gives mastership away everywhere, for good.
    void stop();

    boost::json::object status() const;

  private:
    struct Member {
        config::VrrpInstance configured;
        std::unique_ptr<vrrp::Instance> instance;
        Judgement judgement{"starting", 0, {}}; // with its group's faults
    };
    using Members = std::map<std::string, Member>; // by name
    using ScriptKey = std::tuple<std::vector<std::string>, std::chrono::milliseconds,
                                 std::chrono::milliseconds, unsigned, unsigned>;

    vrrp::Settings settings_of(const config::VrrpInstance& configured) const;
    void reconcile_scripts();
    void judge();
    void apply(Member& member, const Judgement& judgement);
    std::vector<const Member*> others_of_group(const std::string& name) const;
    void tell(const vrrp::Settings& settings, vrrp::RouterState to, std::string_view reason) const;
    void follow(const std::string& name, vrrp::RouterState from, vrrp::RouterState to);

    void acquire(const vrrp::Settings& settings,
                 std::span<const vrrp::VirtualAddress> addresses) override;
    void release(const vrrp::Settings& settings,
                 std::span<const vrrp::VirtualAddress> addresses) override;
    void take_mac(const vrrp::Settings& settings, bool taken) override;
    void changed(const vrrp::Settings& settings, vrrp::RouterState from, vrrp::RouterState to,
                 std::string_view reason) override;
    void rejected(const vrrp::Settings& settings, const vrrp::Address& source,
                  vrrp::Reject reason) override;
    void rivalled(const vrrp::Settings& settings, const vrrp::Address& source,
                  std::uint8_t priority) override;
    bool group_agrees(const vrrp::Settings& settings) const override;

    boost::asio::io_context& io_;
    Rtnetlink& netlink_;
    Ports ports_;
    Told told_;
    bool leaving_ = false; // all have resigned
    bool stopped_ = false;
    Conditions conditions_;
    std::map<ScriptKey, std::unique_ptr<Script>> scripts_;
    Members members_;
    std::shared_ptr<int> life_ = std::make_shared<int>(); // what is posted may come later
};

} // namespace lbd::control
