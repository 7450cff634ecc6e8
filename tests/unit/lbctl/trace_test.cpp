// SPDX-License-Identifier: BSD-3-Clause
#include <boost/json/parse.hpp>
#include <cstdlib>

#include "tests/unit/catch.h"
#include "tools/lbctl/trace_command.h"

namespace lbd::lbctl {

namespace {

std::string line_of(const std::string& text) {
    return trace_text(boost::json::parse(text).as_object());
}

// As lbd says it of a packet, with `more` in its place.
std::string packet(const std::string& more) {
    return line_of(R"({"event": "packet", "time_seconds": 0.25, "worker": 1, "protocol": "tcp",
        "client": "192.0.2.7:40000", "destination": "198.51.100.1:80", )" +
                   more + "}");
}

// Without the time, which is the place's.
std::string after_time(const std::string& line) {
    return line.substr(line.find(' ') + 1);
}

} // namespace

TEST_CASE("a traced packet is a line with the time of day to the microsecond") {
    const std::string line = packet(
        R"-("flags": "SYN", "action": "forwarded", "text": "new connection, scheduled (rr)",
            "service": "web", "backend": "10.0.0.21:80", "forwarding": "direct", "pieces": 1)-");
    CHECK(line.substr(2, 1) == ":");
    CHECK(line.substr(8, 8) == ".250000 ");
    CHECK(after_time(line) ==
          "tcp 192.0.2.7:40000 -> 198.51.100.1:80 SYN  web -> 10.0.0.21:80  new connection, "
          "scheduled (rr)  worker 1\n");
}

TEST_CASE("a traced packet that goes no further says what becomes of it") {
    CHECK(after_time(packet(R"("action": "punted", "text": "no service")")) ==
          "tcp 192.0.2.7:40000 -> 198.51.100.1:80  to the host: no service  worker 1\n");
    CHECK(after_time(packet(R"("service": "web", "action": "dropped", "text": "why")")) ==
          "tcp 192.0.2.7:40000 -> 198.51.100.1:80  web: dropped: why  worker 1\n");
    CHECK(after_time(packet(R"("action": "answered", "text": "why")")) ==
          "tcp 192.0.2.7:40000 -> 198.51.100.1:80  dropped and answered: why  worker 1\n");
    CHECK(after_time(packet(R"("action": "held", "text": "why")")) ==
          "tcp 192.0.2.7:40000 -> 198.51.100.1:80  held: why  worker 1\n");
    CHECK(after_time(packet(R"("action": "handed_over", "to_worker": 0, "text": "why")")) ==
          "tcp 192.0.2.7:40000 -> 198.51.100.1:80  to worker 0: why  worker 1\n");
}

TEST_CASE("a traced packet's tunnel, pieces and ICMP error are told") {
    CHECK(after_time(packet(R"("backend": "10.0.0.21:80", "service": "web", "text": "known",
                               "action": "forwarded", "forwarding": "ipip", "pieces": 2)")) ==
          "tcp 192.0.2.7:40000 -> 198.51.100.1:80  web -> 10.0.0.21:80  known, by ipip, in 2 "
          "pieces  worker 1\n");
    CHECK(after_time(packet(R"("icmp_error_from": "203.0.113.1", "action": "forwarded",
                               "text": "known")"))
              .starts_with("ICMP error from 203.0.113.1 about tcp 192.0.2.7:40000 -> "));
}

TEST_CASE("what a trace leaves out is a line, its begin and end are not") {
    CHECK(line_of(R"({"event": "left_out", "packets_left_out": 70})") ==
          "... 70 packets left out so far\n");
    CHECK(line_of(R"({"event": "begin"})").empty());
    CHECK(line_of(R"({"event": "end"})").empty());
    CHECK(line_of(R"({})").empty());
}

TEST_CASE("nonsense in the place of a traced packet is survived, and no control character shown") {
    CHECK(packet(R"("text": "\u001b[2J", "action": 5)").find('\x1b') == std::string::npos);
    CHECK(line_of(R"({"event": "packet", "time_seconds": 1e300, "worker": 1e300})").front() == '?');
    CHECK(line_of(R"({"event": "packet", "time_seconds": -1, "to_worker": "x"})").front() == '?');
}

} // namespace lbd::lbctl
