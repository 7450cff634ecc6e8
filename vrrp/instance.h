// SPDX-License-Identifier: BSD-3-Clause
// One virtual router on one interface: the state machine with its sockets and timers. Everything
// happens on the io_context's thread.
#pragma once

#include <array>
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
#include "vrrp/transport.h"

namespace lbd::vrrp {

struct VirtualAddress {
    Address address;
    std::uint8_t prefix = 32;
    bool operator==(const VirtualAddress&) const = default;
};

struct Settings {
    std::string name;
    std::string interface;
    // Own address on the interface; its family is the adverts', too. To the group of IPv6 it is
    // link-local (RFC 9568 5.1.2.1).
    Address source;
    // To whom adverts go, and from whom alone they are taken; empty: the multicast group.
    std::vector<Address> peers;
    std::uint8_t least_ttl = 255; // of what is received
    // What the addresses are announced at, instead of the interface's own.
    std::optional<MacBytes> virtual_mac;
    unsigned version = 3;
    std::uint8_t vrid = 1;
    std::uint8_t priority = 100; // before what is tracked lowers it
    Milliseconds interval{1000};
    bool preempt = true;
    std::chrono::seconds preempt_delay{0};
    bool start_as_master = false;
    std::optional<std::string> password;
    // The adverts carry those of their own family. The others move along (keepalived:
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
    // Adverts of another master that were heard while being master: a split brain, or a better
    // one that takes over.
    std::uint64_t rival_adverts = 0;
    std::optional<Address> rival; // the last one
    Time rival_heard{};
};

// What an instance asks of its surroundings. Must not call back into the instance.
class Listener {
  public:
    virtual ~Listener() = default;
    virtual void acquire(const Settings& settings, std::span<const VirtualAddress> addresses) = 0;
    virtual void release(const Settings& settings, std::span<const VirtualAddress> addresses) = 0;
    // Frames for the virtual MAC address, if there is one, are to be taken or no more.
    virtual void take_mac(const Settings& settings, bool taken) = 0;
    virtual void changed(const Settings& settings, RouterState from, RouterState to,
                         std::string_view reason) = 0;
    // The first packet rejected for `reason` since the state changed last.
    virtual void rejected(const Settings& settings, const Address& source, Reject reason) = 0;
    // Another master is heard, the first time or after a silence, and does not make us yield.
    virtual void rivalled(const Settings& settings, const Address& source,
                          std::uint8_t priority) = 0;
    // Whether the others of its group would take over, too. May be asked at any time.
    virtual bool group_agrees(const Settings& settings) const = 0;
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
    // What the priority is for now: that of the settings, less what is tracked and failed.
    void set_priority(std::uint8_t priority);
    std::uint8_t priority() const { return priority_; }
    // What another instance of its group did.
    void take_over();
    void give_up();
    // Whether it is master, or would be if its group let it.
    bool wants_mastership() const;
    // Lets another director take over and keeps the addresses until it has. No effect unless it is
    // master; it does not preempt until it has been master again.
    void resign();
    // Whether it has resigned and nobody has taken over yet.
    bool lingers() const { return machine_.lingering; }
    void stop();

    // Takes new settings over without losing mastership. False if they name another interface,
    // VRID, version, source or virtual MAC address, or peers instead of the group, for which a new
    // instance is needed; nothing has changed then.
    bool update(const Settings& settings);

    const Settings& settings() const { return settings_; }
    const Status& status() const { return status_; }

  private:
    void handle_packet(std::span<const std::uint8_t> message, const Envelope& envelope);
    void handle_advertisement(const Advertisement& advertisement, const Address& source);
    void note_rival(const Advertisement& advertisement, const Address& source);
    void reject(Reject reason, const Address& source);
    void handle(const Event& event, std::string_view reason = {});
    void arm_timer();
    void send_advertisement(std::uint8_t priority);
    void announce();
    void announce_once();
    void arm_announcement(std::chrono::seconds delay, bool refresh);
    Parameters parameters() const;
    std::vector<Address> advertised_addresses() const;
    std::vector<Address> destinations() const;

    Settings settings_;
    std::uint8_t priority_;
    Listener& listener_;
    Transport transport_;
    Announcer announcer_;
    boost::asio::steady_timer timer_;
    boost::asio::steady_timer announcement_timer_;
    Machine machine_;
    Status status_;
    std::array<bool, reject_count> told_{};
    std::shared_ptr<int> life_ = std::make_shared<int>(); // handlers may outlive the object
};

} // namespace lbd::vrrp
