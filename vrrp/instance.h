// SPDX-License-Identifier: BSD-3-Clause
// One virtual router on one interface: the state machine with its sockets and timers. Everything
// happens on the io_context's thread.
#pragma once

#include <array>
#include <boost/asio/generic/raw_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vrrp/gratuitous_arp.h"
#include "vrrp/machine.h"
#include "vrrp/packet.h"

namespace lbd::vrrp {

struct VirtualAddress {
    boost::asio::ip::address address;
    std::uint8_t prefix = 32;
    auto operator<=>(const VirtualAddress&) const = default;
};

struct Settings {
    std::string name;
    std::string interface;
    Address source; // own address on the interface
    unsigned version = 3;
    std::uint8_t vrid = 1;
    std::uint8_t priority = 100;
    Milliseconds interval{1000};
    bool preempt = true;
    std::chrono::seconds preempt_delay{0};
    bool start_as_master = false;
    std::optional<std::string> password;
    // The adverts carry those of IPv4. Those of IPv6 move along (keepalived:
    // virtual_ipaddress_excluded).
    std::vector<VirtualAddress> addresses;
    unsigned garp_repeat = 5;
    std::chrono::seconds garp_delay{5};
    std::chrono::seconds garp_refresh{0}; // 0: never
    bool operator==(const Settings&) const = default;
};

struct Status {
    RouterState state = RouterState::initialize;
    Time since{};
    std::string reason = "starting";
    std::optional<Address> master; // ourselves, or whom we heard last as such
    std::uint64_t adverts_sent = 0;
    std::uint64_t adverts_received = 0;
    std::uint64_t send_errors = 0;
    std::uint64_t transitions = 0;
    std::array<std::uint64_t, reject_count> rejected{};
    bool address_list_differs = false; // of the last advertisement; not a reason to reject it
};

// What an instance asks of its surroundings. Must not call back into the instance.
class Listener {
  public:
    virtual ~Listener() = default;
    virtual void acquire(const Settings& settings, std::span<const VirtualAddress> addresses) = 0;
    virtual void release(const Settings& settings, std::span<const VirtualAddress> addresses) = 0;
    virtual void changed(const Settings& settings, RouterState from, RouterState to,
                         std::string_view reason) = 0;
    // The first packet rejected for `reason` since the state changed last.
    virtual void rejected(const Settings& settings, const Address& source, Reject reason) = 0;
};

class Instance {
  public:
    // Throws boost::system::system_error or std::system_error if the interface does not do.
    Instance(boost::asio::io_context& io, Settings settings, Listener& listener);
    Instance(const Instance&) = delete;
    Instance& operator=(const Instance&) = delete;
    // Gives mastership away as stop() does.
    ~Instance();

    // Takes part from the first set_ready(true) on, and not while it is false: a master that is no
    // longer ready sends priority 0 and lets go.
    void set_ready(bool ready);
    // Lets another director take over and keeps the addresses until it has. No effect unless it is
    // master; it does not preempt until it has been master again.
    void resign();
    // Whether it has resigned and nobody has taken over yet.
    bool lingers() const { return machine_.lingering; }
    void stop();

    // Takes new settings over without losing mastership. False if they name another interface,
    // VRID, version or source, for which a new instance is needed; nothing has changed then.
    bool update(const Settings& settings);

    const Settings& settings() const { return settings_; }
    const Status& status() const { return status_; }

  private:
    using Socket = boost::asio::generic::raw_protocol::socket;

    void open_sockets();
    void receive();
    void handle_packet(std::span<const std::uint8_t> packet);
    void handle_advertisement(const Advertisement& advertisement, const Address& source);
    void reject(Reject reason, const Address& source);
    void handle(const Event& event, std::string_view reason = {});
    void arm_timer();
    void send_advertisement(std::uint8_t priority);
    void announce();
    void announce_once();
    void arm_announcement(std::chrono::seconds delay, bool refresh);
    Parameters parameters() const;
    std::vector<Address> advertised_addresses() const;

    Settings settings_;
    Listener& listener_;
    Socket receiver_;
    Socket sender_;
    Announcer announcer_;
    boost::asio::steady_timer timer_;
    boost::asio::steady_timer announcement_timer_;
    Machine machine_;
    Status status_;
    std::array<bool, reject_count> told_{};
    std::array<std::uint8_t, 2048> buffer_{};
    std::shared_ptr<int> life_ = std::make_shared<int>(); // handlers may outlive the object
};

} // namespace lbd::vrrp
