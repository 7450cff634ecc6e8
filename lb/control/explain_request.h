// SPDX-License-Identifier: BSD-3-Clause
// What the command `explain` asks about.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "lb/control/endpoint.h"
#include "lb/control/request.h"
#include "lb/dataplane/flow_key.h"

namespace lbd::control {

enum class Transport : std::uint8_t { tcp, udp, icmp };
std::string_view name_of(Transport transport);

// Source and destination are of one family; both have a port, or with ICMP none.
struct ExplainRequest {
    Endpoint source;
    Endpoint destination;
    Transport transport;

    bool ipv6() const { return source.address.family == config::IpAddress::Family::v6; }
    // Of the packets that are asked about, ICMPv6 with IPv6.
    dataplane::KeyV4 key4() const;
    dataplane::KeyV6 key6() const;
};

// Out of `source`, ADDRESS:PORT, and `destination`, ADDRESS:PORT/PROTOCOL or ADDRESS/icmp.
std::variant<ExplainRequest, Refusal> explain_request(const boost::json::object& request);

} // namespace lbd::control
