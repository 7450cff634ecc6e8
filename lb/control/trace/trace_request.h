// SPDX-License-Identifier: BSD-3-Clause
// What a client of the control socket wants to have traced.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <variant>

#include "lb/control/endpoint.h"
#include "lb/control/request.h"
#include "lb/dataplane/trace.h"

namespace lbd::control {

struct TraceRequest {
    Endpoint client;
    std::uint32_t rate = 100;             // packets told of a second
    std::optional<std::uint32_t> count;   // after which it ends
    std::optional<std::uint32_t> seconds; // likewise
};

std::variant<TraceRequest, Refusal> trace_request(const boost::json::object& request);

dataplane::TraceWish wish_of(const Endpoint& client);

} // namespace lbd::control
