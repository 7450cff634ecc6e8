// SPDX-License-Identifier: BSD-3-Clause
#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>

#include "tools/lbctl/fields.h"
#include "tools/lbctl/trace_command.h"

namespace lbd::lbctl {

namespace json = boost::json;

namespace {

std::string time_of_day(double seconds) {
    constexpr double latest = 1e11; // beyond which it is no time
    if (!(seconds >= 0 && seconds < latest)) return "?";
    const auto whole = static_cast<std::time_t>(seconds);
    std::tm broken_down{};
    localtime_r(&whole, &broken_down);
    std::array<char, 16> clock{};
    std::strftime(clock.data(), clock.size(), "%H:%M:%S", &broken_down);
    std::array<char, 16> fraction{};
    std::snprintf(fraction.data(), fraction.size(), ".%06d",
                  static_cast<int>((seconds - std::floor(seconds)) * 1e6));
    return std::string(clock.data()) + fraction.data();
}

// What becomes of the packet, and why.
std::string decision(const json::object& data) {
    const std::string action = text(data, "action");
    const std::string why = text(data, "text");
    const std::string service = text(data, "service");
    const std::string backend = text(data, "backend");
    const std::string forwarding = text(data, "forwarding");
    std::string line = service + (service.empty() ? "" : backend.empty() ? ": " : " -> " + backend);
    if (!backend.empty()) line += "  ";
    if (action == "dropped") line += "dropped: ";
    if (action == "answered") line += "dropped and answered: ";
    if (action == "punted") line += "to the host: ";
    if (action == "handed_over") line += "to worker " + text(data, "to_worker") + ": ";
    if (action == "held") line += "held: ";
    line += why;
    if (!forwarding.empty() && forwarding != "direct") line += ", by " + forwarding;
    if (number(data, "pieces") > 1) line += ", in " + text(data, "pieces") + " pieces";
    return line;
}

std::string left_out(const json::object& data) {
    return scaled(number(data, "packets_left_out")) + " packets left out so far";
}

} // namespace

std::string trace_text(const json::object& data) {
    const std::string event = text(data, "event");
    if (event == "left_out") return "... " + left_out(data) + '\n';
    if (event != "packet") return "";
    const std::string flags = text(data, "flags");
    const std::string reporter = text(data, "icmp_error_from");
    return time_of_day(number(data, "time_seconds")) + ' ' +
           (reporter.empty() ? "" : "ICMP error from " + reporter + " about ") +
           text(data, "protocol") + ' ' + text(data, "client") + " -> " +
           text(data, "destination") + (flags.empty() ? "" : ' ' + flags) + "  " + decision(data) +
           "  worker " + text(data, "worker") + '\n';
}

} // namespace lbd::lbctl
