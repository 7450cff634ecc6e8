// SPDX-License-Identifier: BSD-3-Clause
// Says of a flow which worker, service and backend it has or would get, and why. Nothing is sent,
// and nothing changes by it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "lb/control/explain_request.h"
#include "lb/control/roster.h"
#include "lb/dataplane/engine.h"
#include "lb/dataplane/explanation.h"

namespace lbd::control {

// What the destination's address is to this director.
struct Whereabouts {
    enum class Kind : std::uint8_t {
        virtual_address, // of a VRRP instance
        own,             // of a network: always here
        service,         // a service has it, but nobody put it anywhere: it is routed here, or not
        foreign
    };
    Kind kind = Kind::foreign;
    std::string instance; // of VRRP, and its state
    std::string state;
    std::size_t interface = 0; // by which its packets are taken to come: index into the networks

    // Whether its packets come here, as far as this director knows.
    std::optional<bool> here() const;
};
// `vrrp` is what VirtualRouters::status() says.
Whereabouts whereabouts_of(const config::IpAddress& address, const config::Config& config,
                           const boost::json::object& vrrp);

// How the flow comes to its worker.
struct WayIn {
    enum class By : std::uint8_t {
        single,   // there is but one
        software, // whoever gets the packet hands it over
        nic       // the NIC's receive side scaling
    };
    By by = By::single;
    std::uint16_t computed = 0; // from the hash
    std::uint16_t owner = 0;    // another than computed if it has the flow
};

// What workers know of the flow.
struct Findings {
    WayIn way;
    dataplane::DropReason fault = dataplane::DropReason::none; // a parser drops such packets
    bool of_host = false;                                      // no flow
    dataplane::Explanation explanation;                        // settled, of what is a flow
    std::uint16_t chooser = 0;                                 // the worker that chooses a backend
    std::uint16_t keeper = 0;                                  // ... that keeps the binding
};

// Has the workers look. One asker at a time.
boost::asio::awaitable<Findings> find_out(dataplane::Engine& engine, const ExplainRequest& request,
                                          std::size_t interface);

// The reply's data.
boost::json::object explain(const ExplainRequest& request, const Whereabouts& whereabouts,
                            const Findings& findings, const Roster& roster,
                            const std::vector<config::Network>& networks);

} // namespace lbd::control
