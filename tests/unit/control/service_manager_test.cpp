// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/service_manager.h"

#include <boost/json/parse.hpp>

#include "lb/control/status_line.h"
#include "start.h"
#include "tests/unit/catch.h"

namespace lbd::control {

using namespace std::chrono_literals;

namespace {

boost::json::object vrrp(const std::string& instances) {
    return boost::json::parse(R"({"instances": [)" + instances + "]}").as_object();
}

} // namespace

TEST_CASE("a heartbeat is due three times within systemd's patience") {
    Heartbeat heartbeat(9s);
    CHECK(heartbeat.due({1, 1}, start));
    CHECK_FALSE(heartbeat.due({2, 2}, start + 2s));
    CHECK(heartbeat.due({3, 3}, start + 3s));
    CHECK_FALSE(heartbeat.due({4, 4}, start + 5s));
}

TEST_CASE("there is no heartbeat while a worker does not poll") {
    Heartbeat heartbeat(9s);
    CHECK(heartbeat.due({1, 1}, start));
    CHECK_FALSE(heartbeat.due({2, 1}, start + 3s));
    CHECK_FALSE(heartbeat.due({3, 1}, start + 60s));
    CHECK(heartbeat.due({4, 2}, start + 61s));
}

TEST_CASE("the status line says who is master of what, and how many backends are up") {
    const Roster roster;
    CHECK(status_line(vrrp(""), roster) == "0 of 0 backends up");
    CHECK(status_line(vrrp(R"({"name": "a", "state": "BACKUP"}, {"name": "b", "state": "MASTER"},
                               {"name": "c", "state": "MASTER"})"),
                      roster) == "MASTER of b, c; BACKUP of a; 0 of 0 backends up");
}

TEST_CASE("the status line stays short with many instances") {
    std::string instances;
    for (const char* name : {"a", "b", "c", "d", "e", "f"})
        instances += std::string(instances.empty() ? "" : ",") + R"({"name": ")" + name +
                     R"(", "state": "MASTER"})";
    CHECK(status_line(vrrp(instances), Roster()) ==
          "MASTER of a, b, c, d and 2 more; 0 of 0 backends up");
}

} // namespace lbd::control
