// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/request.h"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <utility>

namespace lbd::control {

namespace json = boost::json;

namespace {

constexpr std::size_t default_limit = 1000;
constexpr std::size_t largest_limit = 100'000;

std::optional<std::uint32_t> weight_in(const json::object& request) {
    constexpr std::int64_t most = 65'535;
    const json::value* weight = request.if_contains("weight");
    if (weight == nullptr || !weight->is_int64() || weight->as_int64() < 0 ||
        weight->as_int64() > most)
        return std::nullopt;
    return static_cast<std::uint32_t>(weight->as_int64());
}

// False if it is none of the actions.
bool read_action(const json::object& request, BackendRequest& wanted) {
    wanted.action = text_in(request, "action");
    if (wanted.action == "drain") wanted.weight = 0;
    if (wanted.action == "disable") wanted.disabled = true;
    if (wanted.action == "weight") {
        wanted.weight = weight_in(request);
        return wanted.weight.has_value();
    }
    return wanted.action == "drain" || wanted.action == "disable" || wanted.action == "enable";
}

} // namespace

std::variant<json::object, Refusal> parse_request(std::string_view line) {
    boost::system::error_code error;
    json::value request = json::parse(line, error);
    if (error) return Refusal{error.message()};
    if (!request.is_object()) return Refusal{"a request is a JSON object"};
    return std::move(request.as_object());
}

std::string text_in(const json::object& request, std::string_view key) {
    const json::value* value = request.if_contains(key);
    return value != nullptr && value->is_string() ? std::string(value->as_string()) : "";
}

std::size_t limit_in(const json::object& request) {
    const json::value* limit = request.if_contains("limit");
    if (limit == nullptr || !limit->is_int64() || limit->as_int64() <= 0) return default_limit;
    return std::min(static_cast<std::size_t>(limit->as_int64()), largest_limit);
}

std::variant<BackendRequest, Refusal> backend_request(const json::object& request) {
    const std::string address = text_in(request, "address");
    const auto parsed = config::IpAddress::parse(address);
    if (!parsed) return Refusal{"'" + address + "' is not an address"};
    BackendRequest wanted{*parsed, text_in(request, "service"), {}, {}};
    if (!read_action(request, wanted))
        return Refusal{
            "allowed are drain, enable, disable, and weight with a number of 0 to 65535"};
    return wanted;
}

} // namespace lbd::control
