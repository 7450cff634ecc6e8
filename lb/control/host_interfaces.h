// SPDX-License-Identifier: BSD-3-Clause
// The ports' networks as the host has them: companion interfaces in the kernel, with addresses and
// routes, and links. Control thread only.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "lb/control/host_frames.h"
#include "lb/control/kernel_port.h"
#include "lb/control/link_return.h"
#include "lb/control/rtnetlink.h"
#include "lb/control/tap.h"
#include "lb/dataplane/engine.h"

namespace lbd::control {

using KernelPorts = std::vector<std::unique_ptr<KernelPort>>;

// Kernel interfaces are made quiet before DPDK opens its sockets on them.
KernelPorts open_kernel_ports(Rtnetlink& netlink, const config::Config& config);

// An interface has the index of the engine's, and the name of the network in the configuration.
class HostInterfaces {
  public:
    // Creates them; they go with this object. Throws std::system_error.
    HostInterfaces(Rtnetlink& netlink, dataplane::Engine& engine, const KernelPorts& kernel_ports,
                   const config::Config& config);

    std::size_t size() const { return taps_.size(); }
    // size() if there is none.
    std::size_t index_of(const std::string& name) const;
    // By the kernel's index of the companion; size() if there is none.
    std::size_t of_companion(unsigned kernel_index) const;
    Tap& tap(std::size_t interface) const { return *taps_[interface]; }
    Tap& tap(const std::string& name) const { return tap(index_of(name)); }
    std::vector<Tap*> taps() const;

    // Several interfaces of a port may have the same: the port has it until the last gives it back.
    void take_virtual_mac(const std::string& name, const config::MacAddress& mac, bool taken);
    // Where the host has IPv6 switched off and a virtual address wants it.
    void allow_virtual_ipv6(Rtnetlink& netlink,
                            const std::vector<config::VrrpInstance>& instances) const;
    // What is done with the frames of each interface.
    std::vector<HostFrames> frames(const std::vector<config::VrrpInstance>& instances) const;

    // Whether a link has been away, and the attempts of health checks matter.
    bool links_wait() const;
    // By name, why an interface's link keeps it from being master's, or empty; the workers' ports
    // are told whether they have a link. The arguments are those of LinkReturn::Facts.
    std::map<std::string, std::string> judge_links(bool state_received,
                                                   std::optional<std::uint64_t> attempts,
                                                   LinkReturn::Clock::time_point now);

  private:
    using MacHolder = std::pair<std::size_t, std::array<std::uint8_t, 6>>; // interface, address
    config::MacAddress mac_of(std::size_t interface) const;
    void open(Rtnetlink& netlink, const config::Config& config, const config::Network& network);
    bool look_at_link(std::size_t interface);

    dataplane::Engine& engine_;
    std::vector<std::unique_ptr<Tap>> taps_;
    std::vector<const KernelPort*> carriers_; // nullptr: not the kernel's
    std::vector<LinkReturn> links_;
    std::set<MacHolder> mac_holders_; // of virtual ones
};

} // namespace lbd::control
