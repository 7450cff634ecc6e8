// SPDX-License-Identifier: BSD-3-Clause
// The Linux interface that a port drives through AF_XDP or AF_PACKET, kept quiet meanwhile: what
// the data plane has seen the kernel must not answer, too.
#pragma once

#include <string>
#include <vector>

#include "lb/control/rtnetlink.h"

namespace lbd::control {

class KernelPort {
  public:
    enum class Driver { af_xdp, af_packet };

    // Brings `interface` up and silences the kernel on it. With af_packet, frames are dropped in
    // the kernel behind the packet socket; with af_xdp, the interface must have as many receive
    // queues as there are workers. Throws std::runtime_error that says what is wrong and what mends
    // it.
    KernelPort(Rtnetlink& netlink, std::string interface, Driver driver, unsigned workers);
    KernelPort(const KernelPort&) = delete;
    KernelPort& operator=(const KernelPort&) = delete;
    // Undoes what the constructor did, except that the interface stays up.
    ~KernelPort();

    // Sentences for the operator, e.g. that the interface has addresses that no longer work.
    const std::vector<std::string>& warnings() const { return warnings_; }

    const std::string& interface() const { return interface_; }
    // Whether there is a carrier: the software devices themselves say that there always is.
    bool link_up() const;

  private:
    void check_queues(unsigned workers) const;
    void note_addresses();

    std::string interface_;
    bool filtered_ = false;
    std::string ipv6_before_; // content of disable_ipv6; empty: left alone
    std::vector<std::string> warnings_;
};

} // namespace lbd::control
