// SPDX-License-Identifier: BSD-3-Clause
#include <arpa/inet.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <string>

#include "lb/control/trace/trace_line.h"
#include "lb/control/trace/trace_request.h"
#include "tests/unit/catch.h"

namespace lbd::control {

namespace json = boost::json;
using dataplane::DropReason;
using dataplane::TraceOutcome;
using dataplane::TraceRecord;
using dataplane::Why;

namespace {

std::variant<TraceRequest, Refusal> request(const std::string& text) {
    return trace_request(json::parse(text).as_object());
}

TraceRequest accepted(const std::string& text) {
    const auto parsed = request(text);
    REQUIRE(std::holds_alternative<TraceRequest>(parsed));
    return std::get<TraceRequest>(parsed);
}

Roster roster(const char* vip, const char* backend) {
    config::Backend web{};
    web.address = *config::IpAddress::parse(backend);
    config::Service service{};
    service.name = "web";
    service.port_name = "lb0";
    service.address = *config::IpAddress::parse(vip);
    service.port = 80;
    service.scheduler = config::Scheduler::wlc;
    service.backends = {web};
    config::Config config{};
    config.ports.resize(1);
    config.ports[0].name = "lb0";
    config.services = {service};
    Roster roster;
    roster.adopt(config);
    return roster;
}

TraceRecord record(const char* client, const char* vip) {
    TraceRecord record;
    record.packet.client = record.packet.sender = config::IpAddress::parse(client)->bytes;
    record.packet.destination = config::IpAddress::parse(vip)->bytes;
    record.packet.ipv6 = std::string(client).find(':') != std::string::npos;
    record.packet.client_port = htons(40000);
    record.packet.port = htons(80);
    record.packet.has_ports = true;
    record.packet.protocol = IPPROTO_TCP;
    record.packet.tcp_flags = 0x12;
    record.packet.bytes = 60;
    record.packet.kind = dataplane::PacketClass::flow;
    return record;
}

TraceRecord forwarded(TraceRecord record, const Roster& roster) {
    record.outcome = TraceOutcome::forwarded;
    record.why = Why::scheduled;
    record.service = 0;
    record.backend = 0;
    record.generation = roster.backends()[0].generation;
    return record;
}

} // namespace

TEST_CASE("a trace is asked for by client, with what else there is") {
    const TraceRequest plain = accepted(R"({"client": "192.0.2.7"})");
    CHECK(plain.client.text() == "192.0.2.7");
    CHECK(plain.rate == 100);
    CHECK_FALSE(plain.count);
    CHECK_FALSE(plain.seconds);
    const TraceRequest full =
        accepted(R"({"client": "[2001:db8::7]:80", "rate": 10000, "count": 1, "seconds": 86400})");
    CHECK(full.client.text() == "[2001:db8::7]:80");
    CHECK(full.rate == 10'000);
    CHECK(full.count == 1u);
    CHECK(full.seconds == 86'400u);
}

TEST_CASE("a trace that is asked for wrongly is refused by name") {
    const auto [text, name] = GENERATE(table<std::string, std::string>(
        {{R"({})", "''"},
         {R"({"client": 5})", "''"},
         {R"({"client": "web"})", "'web'"},
         {R"({"client": "192.0.2.7", "rate": 0})", "rate"},
         {R"({"client": "192.0.2.7", "rate": 10001})", "rate"},
         {R"({"client": "192.0.2.7", "rate": "5"})", "rate"},
         {R"({"client": "192.0.2.7", "rate": 1.5})", "rate"},
         {R"({"client": "192.0.2.7", "rate": 18446744073709551615})", "rate"},
         {R"({"client": "192.0.2.7", "count": -1})", "count"},
         {R"({"client": "192.0.2.7", "seconds": 86401})", "seconds"},
         {R"({"client": "192.0.2.7", "seconds": null})", "seconds"}}));
    CAPTURE(text);
    const auto parsed = request(text);
    REQUIRE(std::holds_alternative<Refusal>(parsed));
    CHECK(std::get<Refusal>(parsed).reason.starts_with(name));
}

TEST_CASE("what is traced is the client's address, of its family, and its port") {
    const auto wish = wish_of(accepted(R"({"client": "192.0.2.7:80"})").client);
    CHECK_FALSE(wish.ipv6);
    CHECK(wish.port == htons(80));
    CHECK(wish.client == dataplane::Ipv6{192, 0, 2, 7});
    const auto wish6 = wish_of(accepted(R"({"client": "2001:db8::7"})").client);
    CHECK(wish6.ipv6);
    CHECK(wish6.port == 0);
}

TEST_CASE("a forwarded packet is told with service, backend and scheduler") {
    const Roster names = roster("198.51.100.1", "10.0.0.21");
    const json::object line =
        trace_line(forwarded(record("192.0.2.7", "198.51.100.1"), names), 3, names);
    CHECK(json::serialize(line) ==
          R"({"event":"packet","worker":3,"protocol":"tcp","client":"192.0.2.7:40000",)"
          R"("destination":"198.51.100.1:80","flags":"SYN,ACK","bytes":60,"action":"forwarded",)"
          R"-("reason":"scheduled","text":"new connection, scheduled (wlc)","service":"web",)-"
          R"("backend":"10.0.0.21:80","forwarding":"direct","pieces":1})");
}

TEST_CASE("IPv6 addresses with ports are told in brackets, without ports bare") {
    const Roster names = roster("2001:db8::1", "2001:db8::21");
    TraceRecord of = forwarded(record("2001:db8::7", "2001:db8::1"), names);
    json::object line = trace_line(of, 0, names);
    CHECK(line["client"] == "[2001:db8::7]:40000");
    CHECK(line["destination"] == "[2001:db8::1]:80");
    CHECK(line["backend"] == "[2001:db8::21]:80");
    of.packet.has_ports = false;
    line = trace_line(of, 0, names);
    CHECK(line["client"] == "2001:db8::7");
    CHECK(line["destination"] == "2001:db8::1");
    CHECK(line["backend"] == "2001:db8::21");
}

TEST_CASE("a drop is told with its reason's name and words") {
    const Roster names = roster("198.51.100.1", "10.0.0.21");
    TraceRecord of = record("192.0.2.7", "198.51.100.1");
    of.service = 0;
    for (std::size_t reason = 1; reason < dataplane::drop_reason_count; ++reason) {
        of.drop = static_cast<DropReason>(reason);
        json::object line = trace_line(of, 0, names);
        CHECK(line["action"] == "dropped");
        CHECK(line["reason"].as_string() == dataplane::describe(of.drop).name);
        CHECK(line["text"].as_string() == dataplane::describe(of.drop).text);
        CHECK_FALSE(line.contains("backend"));
    }
}

TEST_CASE("every reason is told in words without gaps") {
    const Roster names = roster("198.51.100.1", "10.0.0.21");
    TraceRecord of = forwarded(record("192.0.2.7", "198.51.100.1"), names);
    for (std::size_t why = 1; why < static_cast<std::size_t>(Why::count_); ++why) {
        of.why = static_cast<Why>(why);
        json::object line = trace_line(of, 0, names);
        CHECK(line["reason"].as_string() == dataplane::describe(of.why).name);
        const std::string text(line["text"].as_string());
        CHECK_FALSE(text.empty());
        CHECK(text.find('@') == std::string::npos);
    }
}

TEST_CASE("a packet that was handed over names the worker and why") {
    const Roster names = roster("198.51.100.1", "10.0.0.21");
    TraceRecord of = record("192.0.2.7", "198.51.100.1");
    of.outcome = TraceOutcome::handed_over;
    of.why = Why::flow_owner;
    of.other = 2;
    json::object line = trace_line(of, 0, names);
    CHECK(line["to_worker"] == 2);
    CHECK(line["text"] == "worker 2 keeps the connection");
}

TEST_CASE("an ICMP error is told with who sent it") {
    TraceRecord of = record("192.0.2.7", "198.51.100.1");
    of.packet.kind = dataplane::PacketClass::icmp_error;
    of.packet.sender = config::IpAddress::parse("203.0.113.1")->bytes;
    CHECK(trace_line(of, 0, Roster())["icmp_error_from"] == "203.0.113.1");
}

TEST_CASE("a backend or service whose slot is another's by now, or nobody's, is not named") {
    const Roster names = roster("198.51.100.1", "10.0.0.21");
    TraceRecord of = forwarded(record("192.0.2.7", "198.51.100.1"), names);
    of.generation = static_cast<std::uint16_t>(names.backends()[0].generation + 1);
    CHECK_FALSE(trace_line(of, 0, names).contains("backend"));
    CHECK_FALSE(trace_line(of, 0, Roster()).contains("service"));
    CHECK_FALSE(trace_line(of, 0, Roster()).contains("backend"));
}

} // namespace lbd::control
