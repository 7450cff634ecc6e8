// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/endpoint.h"

#include <algorithm>
#include <charconv>

namespace lbd::control {

namespace {

// The text comes from a user, or from whoever talks to the socket: no more of it is repeated than
// the longest endpoint has.
Refusal bad_endpoint(std::string_view text) {
    constexpr std::size_t longest = 55;
    const bool shortened = text.size() > longest;
    return {"'" + std::string(text.substr(0, longest)) + (shortened ? "..." : "") +
            "' is not an address, as 192.0.2.7 or 2001:db8::7, with or without a port of 1 to "
            "65535, as 192.0.2.7:80 or [2001:db8::7]:80"};
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    constexpr std::size_t most_digits = 5;
    std::uint16_t port = 0;
    const char* last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), last, port);
    if (error != std::errc{} || end != last || port == 0 || text.size() > most_digits)
        return std::nullopt;
    return port;
}

// Where the address ends and `rest`, a port or nothing, begins.
struct Parts {
    std::string_view address;
    std::string_view rest;
    bool bracketed;
};

Parts split(std::string_view text) {
    if (text.starts_with('[')) {
        const auto end = std::min(text.find(']'), text.size() - 1);
        return {text.substr(1, end - 1), text.substr(end + 1), true};
    }
    const auto colon = text.find(':');
    const bool several = text.find(':', colon + 1) != std::string_view::npos;
    if (colon == std::string_view::npos || several) return {text, {}, false};
    return {text.substr(0, colon), text.substr(colon), false};
}

} // namespace

std::string Endpoint::text() const {
    if (!port) return address.text();
    const bool ipv6 = address.family == config::IpAddress::Family::v6;
    return (ipv6 ? '[' + address.text() + ']' : address.text()) + ':' + std::to_string(*port);
}

std::variant<Endpoint, Refusal> parse_endpoint(std::string_view text) {
    const Parts parts = split(text);
    const auto address = config::IpAddress::parse(parts.address);
    if (!address) return bad_endpoint(text);
    const bool ipv6 = address->family == config::IpAddress::Family::v6;
    if (parts.bracketed && (!ipv6 || text.find(']') == std::string_view::npos))
        return bad_endpoint(text);
    if (parts.rest.empty()) return Endpoint{*address, std::nullopt};
    const auto port = parts.rest.starts_with(':') ? parse_port(parts.rest.substr(1)) : std::nullopt;
    if (!port) return bad_endpoint(text);
    return Endpoint{*address, port};
}

} // namespace lbd::control
