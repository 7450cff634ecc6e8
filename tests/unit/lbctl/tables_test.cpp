// SPDX-License-Identifier: BSD-3-Clause
#include "tools/lbctl/tables.h"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <limits>

#include "tests/unit/catch.h"
#include "tools/lbctl/fields.h"

namespace lbd::lbctl {

namespace json = boost::json;
using Catch::Matchers::ContainsSubstring;

namespace {

json::object parse(std::string_view text) {
    return json::parse(json::string_view(text.data(), text.size())).as_object();
}

const json::object services = parse(R"({"services": [
  {"name": "web", "protocol": "tcp", "address": "192.0.2.10", "port": 80, "scheduler": "wrr",
   "persistence_seconds": 300, "persistence_prefix": 24, "packets": 12, "bytes": 3400,
   "connections": 5, "backends": [
     {"address": "10.0.0.11", "port": 80, "weight": 1, "state": "up",
      "active_connections": 2310, "inactive_connections": 188},
     {"address": "10.0.0.12", "port": 80, "weight": 2, "state": "down",
      "active_connections": 12, "inactive_connections": 3}]}]})");

const json::object everything = parse(R"({
  "uptime_seconds": 93784.5, "config": {"generation": 3},
  "services": [{"name": "A", "protocol": "tcp", "backends": [{"address": "A", "state": "A"}]}],
  "workers": [{"id": 0}], "ports": [{"name": "A", "link": "A"}], "host": {"punted": 1},
  "drops": [{"reason": "A", "text": "A", "packets": 1}, {"reason": "never", "packets": 0}],
  "connections": [{"protocol": "A", "state": "A", "client": "A", "virtual": "A", "backend": "A"}],
  "instances": [{"name": "A", "state": "A", "reason": "A", "addresses": ["A"],
                 "rejected": {"A": 1}, "ready": false, "ready_reason": "A"}],
  "checks": [{"address": "A", "state": "A", "last_result": "A", "services": ["A"]}],
  "summary": "A", "changes": ["A"]})");

constexpr auto tables = {stats_table, services_table, rate_table,  connections_table,
                         vrrp_table,  health_table,   reload_table};

std::string replaced(std::string text, const std::string& what, const std::string& by) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
        text.replace(at, what.size(), by);
    return text;
}

} // namespace

TEST_CASE("services are shown as by ipvsadm -ln, what is not in use with its state", "[tables]") {
    const std::string table = services_table(services);
    CHECK(table.substr(table.find('\n') + 1) ==
          "Prot LocalAddress:Port Scheduler Flags\n"
          "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n"
          "TCP  192.0.2.10:80 wrr persistent 300 mask 255.255.255.0\n"
          "  -> 10.0.0.11:80                 Route   1      2310       188\n"
          "  -> 10.0.0.12:80                 Route   2      12         3          down\n");
}

TEST_CASE("IPv6 and tunnels are shown as ipvsadm does", "[tables]") {
    const std::string table = services_table(parse(R"({"services": [
        {"name": "six", "protocol": "udp", "address": "2001:db8::10", "port": 53, "scheduler": "rr",
         "persistence_seconds": 60, "persistence_prefix": 64, "backends": [
           {"address": "2001:db8::11", "port": 53, "weight": 1, "state": "up",
            "forwarding": "gue", "active_connections": 0, "inactive_connections": 7}]}]})"));
    CHECK_THAT(table, ContainsSubstring(
                          "UDP  [2001:db8::10]:53 rr persistent 60 mask 64\n"
                          "  -> [2001:db8::11]:53            Tunnel  1      0          7\n"));
}

TEST_CASE("rates are shown as by ipvsadm -ln --rate", "[tables]") {
    const std::string table = rate_table(parse(R"({"services": [
        {"name": "web", "protocol": "tcp", "address": "192.0.2.10", "port": 80,
         "rates": {"connections_per_second": 12, "packets_per_second": 3400,
                   "bytes_per_second": 5600000},
         "backends": [{"address": "10.0.0.11", "port": 80, "rates": {
           "connections_per_second": 12, "packets_per_second": 3400,
           "bytes_per_second": 5600000}}]}]})"));
    CHECK(table.substr(table.find('\n') + 1) ==
          "Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS\n"
          "  -> RemoteAddress:Port\n"
          "TCP  192.0.2.10:80                      12     3400        0  5600000        0\n"
          "  -> 10.0.0.11:80                       12     3400        0  5600000        0\n");
}

TEST_CASE("connections are shown as by ipvsadm -lcn, minutes beyond 59", "[tables]") {
    const std::string table = connections_table(parse(R"({"connections": [
        {"protocol": "tcp", "state": "ESTABLISHED", "expires_seconds": 898,
         "client": "198.51.100.7:40112", "virtual": "192.0.2.10:80", "backend": "10.0.0.11:80"},
        {"protocol": "tcp", "state": "PERSIST", "expires_seconds": 4205,
         "client": "198.51.100.7:0", "virtual": "192.0.2.10:80", "backend": "10.0.0.11:80"}]})"));
    CHECK_THAT(table,
               ContainsSubstring(
                   "pro expire state       source             virtual            destination\n"
                   "TCP 14:58  ESTABLISHED 198.51.100.7:40112 192.0.2.10:80      10.0.0.11:80\n"
                   "TCP 70:05  PERSIST     198.51.100.7:0     192.0.2.10:80      10.0.0.11:80\n"));
    CHECK_THAT(table, !ContainsSubstring("--limit"));
}

TEST_CASE("a list that was cut says so", "[tables]") {
    CHECK_THAT(
        connections_table(parse(R"({"connections": [], "truncated": true, "total": 70000})")),
        ContainsSubstring("70000") && ContainsSubstring("--limit"));
}

TEST_CASE("only reasons that dropped something are shown", "[tables]") {
    CHECK_THAT(stats_table(everything), !ContainsSubstring("never"));
    CHECK_THAT(stats_table({}), ContainsSubstring("nothing"));
}

TEST_CASE("why a director is not ready is shown", "[tables]") {
    CHECK_THAT(vrrp_table(parse(R"({"instances": [{"name": "VI_1", "state": "BACKUP",
        "ready": false, "ready_reason": "2 health checks have no result"}]})")),
               ContainsSubstring("not ready: 2 health checks have no result"));
}

TEST_CASE("what lowers a priority and who else is master is shown", "[tables]") {
    const std::string table = vrrp_table(parse(R"({"instances": [{"name": "VI_1", "priority": 150,
        "effective_priority": 130, "failed": ["service web has 0 live backends of at least 1"],
        "rival_adverts": 7, "rival": "10.0.0.3", "rival_seconds_ago": 61}]})"));
    CHECK_THAT(table, ContainsSubstring("priority 130 of 150,"));
    CHECK_THAT(table, ContainsSubstring("lowers the priority: service web has 0 live backends"));
    CHECK_THAT(table, ContainsSubstring("another master heard 7 times, last 10.0.0.3"));
}

TEST_CASE("whatever is missing or of another type, a table appears", "[tables]") {
    for (const auto table : tables) {
        CHECK_FALSE(table({}).empty());
        const std::string text = json::serialize(everything);
        for (const char* value : {"null", "-1", "1e300", "\"\"", "[]", "{}", "[[1]]", "true"}) {
            for (const auto& member : everything) {
                json::object broken = everything;
                broken[member.key()] = json::parse(value);
                CHECK_FALSE(table(broken).empty());
            }
            const std::string inner = replaced(text, ":\"A\"", std::string(":") + value);
            CHECK_FALSE(table(parse(inner)).empty());
            const std::string figures = replaced(text, ":1", std::string(":") + value);
            CHECK_FALSE(table(parse(figures)).empty());
        }
    }
}

TEST_CASE("nothing that the daemon says steers the terminal", "[tables]") {
    const std::string hostile = R"(\u001b]0;x\u0007\u009b31m\u007f\n)";
    const json::object data =
        parse(replaced(json::serialize(everything), "\"A\"", '"' + hostile + '"'));
    for (const auto table : tables) {
        const std::string text = table(data);
        CHECK(std::none_of(text.begin(), text.end(), [](char c) {
            return (static_cast<unsigned char>(c) < ' ' && c != '\n') || c == 0x7f;
        }));
        CHECK(text.find("\xc2\x9b") == std::string::npos);
    }
}

TEST_CASE("text in other languages stays as it is", "[fields]") {
    CHECK(printable("grün Ω 字") == "grün Ω 字");
    CHECK(printable("a\x1b[1mb\xc2\x9b") == "a?[1mb?");
    CHECK(printable("\xc2") == "\xc2");
}

TEST_CASE("a number that is none counts as zero", "[fields]") {
    const auto reply = boost::json::parse(R"({"a": 0e586})").as_object();
    CHECK(number(reply, "a") == 0);
    CHECK(text(reply, "a") == "0");
}

TEST_CASE("times are short", "[fields]") {
    CHECK(duration(0) == "0s");
    CHECK(duration(59.9) == "59s");
    CHECK(duration(303) == "5m03s");
    CHECK(duration(2 * 3600 + 7 * 60) == "2h07m");
    CHECK(duration(93784) == "1d02h");
    CHECK(duration(-5) == "0s");
    CHECK_FALSE(duration(std::numeric_limits<double>::max()).empty());
}

} // namespace lbd::lbctl
