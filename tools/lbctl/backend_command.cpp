// SPDX-License-Identifier: BSD-3-Clause
#include "tools/lbctl/backend_command.h"

#include <charconv>
#include <chrono>
#include <stdexcept>
#include <thread>

#include "tools/lbctl/client.h"
#include "tools/lbctl/fields.h"

namespace lbd::lbctl {

namespace json = boost::json;

namespace {

std::int64_t weight_in(const std::string& word) {
    constexpr std::int64_t most = 65'535;
    std::int64_t weight = -1;
    const char* last = word.data() + word.size();
    const auto [end, error] = std::from_chars(word.data(), last, weight);
    if (error != std::errc{} || end != last || weight < 0 || weight > most)
        throw std::invalid_argument("'" + word + "' is no weight; allowed are 0 to 65535");
    return weight;
}

} // namespace

json::object backend_request(const std::vector<std::string>& arguments,
                             const std::string& service) {
    const std::string action = arguments.empty() ? "" : arguments[0];
    const bool known = action == "drain" || action == "enable" || action == "disable";
    if (!known && action != "weight")
        throw std::invalid_argument("backend: allowed are drain, enable, disable and weight");
    const std::size_t wanted = action == "weight" ? 3 : 2;
    if (arguments.size() != wanted)
        throw std::invalid_argument("backend " + action + " takes an address" +
                                    (action == "weight" ? " and a weight" : ""));
    json::object request;
    request["command"] = "backend";
    request["action"] = action;
    request["address"] = arguments[1];
    if (action == "weight") request["weight"] = weight_in(arguments[2]);
    if (!service.empty()) request["service"] = service;
    return request;
}

std::optional<double> connections_left(const json::object& stats, const std::string& address,
                                       const std::string& service) {
    std::optional<double> left;
    for (const json::value& each : list(stats, "services")) {
        if (!each.is_object()) continue;
        if (!service.empty() && text(each.as_object(), "name") != service) continue;
        for (const json::value& item : list(each.as_object(), "backends")) {
            if (!item.is_object() || text(item.as_object(), "address") != address) continue;
            left = left.value_or(0) + number(item.as_object(), "active_connections") +
                   number(item.as_object(), "inactive_connections");
        }
    }
    return left;
}

void await_drained(const std::string& socket, const std::string& address,
                   const std::string& service, std::ostream& progress) {
    json::object request;
    request["command"] = "stats";
    double told = -1;
    while (true) {
        const auto left = connections_left(ask(socket, request), address, service);
        if (!left || *left == 0) return;
        if (*left != told)
            progress << printable(address) << ": " << static_cast<std::uint64_t>(*left)
                     << " connections left" << std::endl;
        told = *left;
        std::this_thread::sleep_for(std::chrono::milliseconds(500));
    }
}

} // namespace lbd::lbctl
