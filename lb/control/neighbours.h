// SPDX-License-Identifier: BSD-3-Clause
// Follows the kernel's neighbour table and keeps the backends in it resolved. Control thread only.
#pragma once

#include <libmnl/libmnl.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "config/address.h"
#include "lb/control/rtnetlink.h"

namespace lbd::control {

class Neighbours {
  public:
    struct Neighbour {
        unsigned interface; // kernel's index of the companion interface
        config::IpAddress address;
        auto operator<=>(const Neighbour&) const = default;
    };
    // Told of each tracked neighbour whose MAC address became known, changed, or was lost.
    using Changed = std::function<void(const Neighbour&, const std::optional<config::MacAddress>&)>;

    Neighbours(boost::asio::io_context& io, Rtnetlink& netlink, Changed changed);

    // From now on exactly these are kept resolved.
    void track(std::set<Neighbour> neighbours);
    std::optional<config::MacAddress> find(const Neighbour& neighbour) const;
    // It may have moved: the next round asks for it.
    void doubt(const config::IpAddress& address);
    // What to do about a kernel that keeps fewer neighbours than are tracked; empty: nothing.
    std::string shortage() const;
    // Whether every tracked neighbour has been resolved, or found unreachable, at least once.
    bool concluded() const;

  private:
    struct Entry {
        std::optional<config::MacAddress> mac;
        bool looked_up = false; // in the kernel's table, since it is tracked
        bool fixed = false;     // set by an operator; the kernel does not resolve it
        bool concluded = false;
        unsigned quiet_rounds = 0; // since it was last probed
    };

    void dump();
    void receive();
    void handle(const nlmsghdr& message);
    void looked_up();
    void learn(const Neighbour& neighbour, std::optional<config::MacAddress> mac);
    void probe(const Neighbour& neighbour, Entry& entry);
    void probe_round();
    void schedule_probes();

    Rtnetlink& netlink_;
    Changed changed_;
    NetlinkSocket socket_;
    boost::asio::posix::stream_descriptor descriptor_;
    boost::asio::steady_timer timer_;
    std::map<Neighbour, Entry> entries_;
    std::uint32_t last_dump_ = 0; // its sequence number
};

} // namespace lbd::control
