// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/trace/trace_request.h"

#include <arpa/inet.h>

#include <string>
#include <string_view>

namespace lbd::control {

namespace json = boost::json;

namespace {

struct Bounds {
    std::string_view name;
    std::int64_t most;
};

constexpr Bounds rate_bounds{"rate", 10'000};
constexpr Bounds count_bounds{"count", 1'000'000'000};
constexpr Bounds seconds_bounds{"seconds", 86'400};

// Nothing if it is missing. Throws Refusal.
std::optional<std::uint32_t> bounded_number(const json::object& request, const Bounds& bounds) {
    const json::value* value = request.if_contains(bounds.name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_int64() || value->as_int64() < 1 || value->as_int64() > bounds.most)
        throw Refusal{std::string(bounds.name) + ": allowed are 1 to " +
                      std::to_string(bounds.most)};
    return static_cast<std::uint32_t>(value->as_int64());
}

} // namespace

std::variant<TraceRequest, Refusal> trace_request(const json::object& request) {
    const auto client = parse_endpoint(text_in(request, "client"));
    if (const auto* refusal = std::get_if<Refusal>(&client)) return *refusal;
    TraceRequest wanted;
    wanted.client = std::get<Endpoint>(client);
    try {
        wanted.rate = bounded_number(request, rate_bounds).value_or(wanted.rate);
        wanted.count = bounded_number(request, count_bounds);
        wanted.seconds = bounded_number(request, seconds_bounds);
    } catch (const Refusal& refusal) {
        return refusal;
    }
    return wanted;
}

dataplane::TraceWish wish_of(const Endpoint& client) {
    return {client.address.bytes, client.address.family == config::IpAddress::Family::v6,
            htons(client.port.value_or(0))};
}

} // namespace lbd::control
