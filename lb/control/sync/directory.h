// SPDX-License-Identifier: BSD-3-Clause
// Which slot stands for which backend of which service here. Immutable; the control thread makes a
// new one when the configuration changes.
#pragma once

#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include "lb/control/roster.h"
#include "lb/dataplane/flow_event.h"

namespace lbd::control::sync {

class Directory {
  public:
    explicit Directory(const Roster& roster);

    // The address of the backend that an event names; null if its slot has another one now.
    const config::IpAddress* address_of(const dataplane::FlowEvent& event) const;
    // Fills in the slot of `backend` in the service that the event's key names. False if there is
    // none.
    bool find(dataplane::FlowEvent& event, const config::IpAddress& backend) const;

  private:
    // Address, port in network order, protocol, IPv6.
    using Endpoint = std::tuple<dataplane::Ipv6, rte_be16_t, std::uint8_t, bool>;
    struct Backend {
        config::IpAddress address;
        std::uint16_t generation = 0;
        bool present = false;
    };

    std::optional<dataplane::ServiceSlot> service_of(Endpoint endpoint) const;

    std::map<Endpoint, dataplane::ServiceSlot> services_;
    std::map<std::pair<dataplane::ServiceSlot, config::IpAddress>, dataplane::BackendSlot> slots_;
    std::vector<Backend> backends_;
};

} // namespace lbd::control::sync
