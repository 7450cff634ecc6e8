// SPDX-License-Identifier: BSD-3-Clause
// Replies of an lbd to build samples from.
#pragma once

#include <boost/json/parse.hpp>
#include <chrono>
#include <string>
#include <string_view>

#include "tools/lbctl/top/model.h"

namespace lbd::lbctl::top {

// A moment so many seconds after the clock's beginning.
inline Time at(int seconds) {
    return Time(std::chrono::seconds(seconds));
}

inline boost::json::object object_of(std::string_view text) {
    return boost::json::parse(boost::json::string_view(text.data(), text.size())).as_object();
}

// Two services, web with an up and a down backend and dns with one that is up. The counters of the
// first backend's traffic and of the worker are `times` those of a second.
inline Sample sample_after(double uptime, int times) {
    const std::string t = std::to_string(times);
    const auto traffic = [&t](int connections, int packets, int bytes) {
        return R"("connections": )" + std::to_string(connections) + R"(0, "packets": )" +
               std::to_string(packets) + R"(0, "bytes": )" + std::to_string(bytes) +
               R"(0, "active_connections": )" + std::to_string(connections) +
               R"(, "inactive_connections": 3, "rates": {"connections_per_second": 1,
                 "packets_per_second": 2, "bytes_per_second": 3})";
    };
    const std::string stats = R"({"uptime_seconds": )" + std::to_string(uptime) +
                              R"(, "config": {"generation": 4}, "services": [
        {"name": "web", "protocol": "tcp", "address": "192.0.2.10", "port": 80, )" +
                              traffic(4 * times, 6 * times, 500 * times) + R"(, "backends": [
          {"address": "10.0.0.11", "port": 80, "state": "up", )" +
                              traffic(3 * times, 5 * times, 400 * times) + R"(},
          {"address": "10.0.0.12", "port": 80, "state": "down", )" +
                              traffic(1 * times, 1 * times, 100 * times) + R"(}]},
        {"name": "dns", "protocol": "udp", "address": "2001:db8::53", "port": 53, )" +
                              traffic(5 * times, 5 * times, 50 * times) + R"(, "backends": [
          {"address": "2001:db8::11", "port": 53, "state": "up", )" +
                              traffic(5 * times, 5 * times, 50 * times) + R"(}]}],
        "workers": [{"cycles": )" +
                              t + R"(000, "busy_cycles": )" + t +
                              R"(00, "busy_percent": 77}],
        "drops": [{"reason": "a", "packets": )" +
                              t + R"(}, {"reason": "b", "packets": )" + t + "}]}";
    return sample_of(object_of(stats), object_of(R"({"instances": [
        {"name": "VI_1", "state": "MASTER", "since_seconds": 400},
        {"name": "VI_2", "state": "FAULT", "since_seconds": 7}]})"));
}

} // namespace lbd::lbctl::top
