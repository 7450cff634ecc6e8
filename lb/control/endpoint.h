// SPDX-License-Identifier: BSD-3-Clause
// An address and perhaps a port, as a user of lbctl names a client or a virtual service.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "config/address.h"
#include "lb/control/request.h"

namespace lbd::control {

struct Endpoint {
    config::IpAddress address;
    std::optional<std::uint16_t> port; // host byte order, never 0

    std::string text() const; // as parse_endpoint() reads it
    bool operator==(const Endpoint&) const = default;
};

// 192.0.2.7, 192.0.2.7:80, 2001:db8::7, [2001:db8::7], [2001:db8::7]:80. A port after an IPv6
// address needs the brackets: without them it is a part of the address. The refusal names what
// was found.
std::variant<Endpoint, Refusal> parse_endpoint(std::string_view text);

} // namespace lbd::control
