// SPDX-License-Identifier: BSD-3-Clause
// What a client of the control socket asks, out of the line of JSON in which it does.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "config/address.h"

namespace lbd::control {

struct Refusal {
    std::string reason;
};

// The request in `line`, a JSON object.
std::variant<boost::json::object, Refusal> parse_request(std::string_view line);

// Empty if it is missing or no text.
std::string text_in(const boost::json::object& request, std::string_view key);

// How many connections to list.
std::size_t limit_in(const boost::json::object& request);

// The command `backend`.
struct BackendRequest {
    config::IpAddress address;
    std::string service; // empty: all
    std::string action;
    std::optional<std::uint32_t> weight;
    bool disabled = false;
};
std::variant<BackendRequest, Refusal> backend_request(const boost::json::object& request);

} // namespace lbd::control
