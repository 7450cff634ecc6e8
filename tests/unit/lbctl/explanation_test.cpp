// SPDX-License-Identifier: BSD-3-Clause
// The lines of `lbctl explain`.
#include "tools/lbctl/explanation.h"

#include <boost/json/parse.hpp>
#include <stdexcept>

#include "tests/unit/catch.h"

namespace lbd::lbctl {

namespace json = boost::json;

namespace {

// A new connection by turns, on a master with one worker.
json::object by_turns() {
    return json::parse(R"({
        "source": "10.0.0.9:40000", "destination": "10.0.0.100:80", "protocol": "tcp",
        "address": {"kind": "virtual", "interface": "lb0", "instance": "VI_1", "state": "MASTER",
                    "here": true},
        "steering": {"by": "single", "computed": 0, "owner": 0},
        "service": {"name": "web", "protocol": "TCP", "address": "10.0.0.100", "port": 80,
                    "scheduler": "rr", "persistence_seconds": 0, "persistence_prefix": 32,
                    "connections_per_client": 0},
        "flow": null, "binding": null,
        "packets": [
            {"packet": "syn", "verdict": "forward", "because": "round_robin", "reason": null,
             "reason_text": null, "backend": "10.0.0.1", "worker": 0, "active_connections": 0,
             "inactive_connections": 0, "ends_flow": false, "table_full": false},
            {"packet": "other", "verdict": "forward", "because": "stateless", "reason": null,
             "reason_text": null, "backend": "10.0.0.2", "worker": 0, "active_connections": 0,
             "inactive_connections": 0, "ends_flow": false, "table_full": false}],
        "backends": [
            {"address": "10.0.0.1", "port": 80, "state": "up", "weight": 1, "forwarding": "dr",
             "interface": "lb0", "mac": "02:00:00:00:00:01", "mac_known": true},
            {"address": "10.0.0.2", "port": 80, "state": "up", "weight": 1, "forwarding": "ipip",
             "interface": "lb0", "mac": "02:00:00:00:00:02", "mac_known": false}]})")
        .as_object();
}

json::object& packet(json::object& data, std::size_t index) {
    return data["packets"].as_array()[index].as_object();
}

std::string shown(const json::object& data, const std::string& label) {
    const std::string lines = explanation_lines(data);
    const std::size_t begin = lines.find('\n' + label);
    if (begin == std::string::npos) return "";
    const std::string line = lines.substr(begin + 1, lines.find('\n', begin + 1) - begin - 1);
    return line.substr(line.find_first_not_of(' ', label.size()));
}

} // namespace

TEST_CASE("an explanation is a few lines from the address to the backend") {
    CHECK(explanation_lines(by_turns()) ==
          "10.0.0.9:40000 -> 10.0.0.100:80/tcp\n"
          "Address:  virtual, of VI_1, MASTER here, on lb0\n"
          "Worker:   0, the only one\n"
          "Service:  web, rr\n"
          "Flow:     none yet\n"
          "SYN:      to 10.0.0.1 (02:00:00:00:00:01 on lb0), the next in the ring of worker 0, "
          "unless another connection comes first\n"
          "Others:   to 10.0.0.2 (02:00:00:00:00:02 on lb0, by ipip, its last known address), by "
          "the consistent hash, without a flow\n");
}

TEST_CASE("an explanation says what the address is to the director") {
    json::object data = by_turns();
    json::object& address = data["address"].as_object();
    address["here"] = false;
    address["state"] = "BACKUP";
    CHECK(shown(data, "Address:")
              .find("this director is BACKUP for VI_1: packets for the address "
                    "do not come here") != std::string::npos);
    address["kind"] = "own";
    CHECK(shown(data, "Address:") == "the director's own, on lb0");
    address["kind"] = "foreign";
    CHECK(shown(data, "Address:") ==
          "neither virtual nor own: packets come only if they are routed here");
}

TEST_CASE("an explanation is honest about who owns a flow") {
    json::object data = by_turns();
    json::object& steering = data["steering"].as_object();
    steering["by"] = "software";
    CHECK(shown(data, "Worker:") ==
          "0, by lbd's own hash: whichever worker receives a packet hands it over");
    steering["by"] = "nic";
    CHECK(shown(data, "Worker:").find("computed from the key") != std::string::npos);
    steering["owner"] = 1;
    CHECK(shown(data, "Worker:") ==
          "1, where the NIC has put the flow, other than its receive hash says (0)");
}

TEST_CASE("an explanation tells a flow with what becomes of it") {
    json::object data = by_turns();
    data["flow"] = {{"state", "ESTABLISHED"},
                    {"expires_seconds", 899.5},
                    {"backend", "10.0.0.1"},
                    {"fate", "forward"}};
    CHECK(shown(data, "Flow:") ==
          "ESTABLISHED to 10.0.0.1 (up), ends in 14m59s unless packets come");
    data["flow"].as_object()["fate"] = "reschedule";
    CHECK(shown(data, "Flow:").find("the next packet goes elsewhere") != std::string::npos);
    packet(data, 1)["ends_flow"] = true;
    CHECK(shown(data, "Others:").find("; the flow ends by it") != std::string::npos);
    for (std::size_t index : {0, 1}) {
        packet(data, index)["ends_flow"] = false;
        packet(data, index)["because"] = "flow";
        packet(data, index)["backend"] = "10.0.0.1";
    }
    CHECK(shown(data, "Packets:") == "to 10.0.0.1 (02:00:00:00:00:01 on lb0), as its flow does");
    CHECK(shown(data, "SYN:").empty());
}

TEST_CASE("an explanation tells whom the client is bound to, and whether that counts") {
    json::object data = by_turns();
    data["service"].as_object()["persistence_seconds"] = 300;
    CHECK(shown(data, "Service:") == "web, rr, persistent 300s");
    CHECK(shown(data, "Client:") == "not bound to a backend yet");
    data["binding"] = {{"network", "10.0.0.0/24"}, {"worker", 1},      {"backend", "10.0.0.1"},
                       {"expires_seconds", 250.0}, {"connections", 1}, {"holds", true}};
    CHECK(shown(data, "Client:") ==
          "10.0.0.0/24 is bound to 10.0.0.1 (up), kept by worker 1, 1 connection, for 4m10s from "
          "now");
    data["binding"].as_object()["holds"] = false;
    CHECK(shown(data, "Client:").find("but that counts no more") != std::string::npos);
}

TEST_CASE("an explanation of a refusal names the reason, and who could have served") {
    json::object data = by_turns();
    for (std::size_t index : {0, 1}) {
        json::object& each = packet(data, index);
        each["verdict"] = "drop";
        each["because"] = "rule";
        each["backend"] = nullptr;
        each["reason"] = "no_backend";
        each["reason_text"] = "virtual service without a live backend";
    }
    data["backends"].as_array()[1].as_object()["state"] = "no_mac";
    CHECK(shown(data, "Packets:") ==
          "dropped: no_backend (virtual service without a live backend)");
    CHECK(shown(data, "Backends:") == "10.0.0.1 up, 10.0.0.2 no_mac");
    packet(data, 0)["verdict"] = "reject";
    CHECK(shown(data, "SYN:").starts_with("answered by a RST: "));
    data["protocol"] = "udp";
    CHECK(shown(data, "SYN:").starts_with("answered by ICMP port unreachable: "));
}

TEST_CASE("an explanation of what is no flow has no worker and no service") {
    json::object data = by_turns();
    data["protocol"] = "icmp";
    data["steering"] = nullptr;
    data["service"] = nullptr;
    data["packets"].as_array().pop_back();
    packet(data, 0)["packet"] = "echo";
    packet(data, 0)["verdict"] = "host";
    CHECK(shown(data, "Worker:").empty());
    CHECK(shown(data, "Service:").empty());
    CHECK(shown(data, "Packet:") == "to the host");
}

TEST_CASE("a choice by counts is explained with them") {
    json::object data = by_turns();
    packet(data, 0)["because"] = "least";
    packet(data, 0)["active_connections"] = 3;
    CHECK(shown(data, "SYN:")
              .find("with the fewest connections (3 active, 0 inactive as worker 0 "
                    "sees it)") != std::string::npos);
    packet(data, 0)["because"] = "weighted_least";
    CHECK(shown(data, "SYN:").find("for its weight") != std::string::npos);
}

TEST_CASE("a reply with nothing in it does no harm") {
    CHECK(!explanation_lines({}).empty());
    CHECK_NOTHROW(
        explanation_lines(json::parse(R"({"packets": [1], "backends": "x"})").as_object()));
}

TEST_CASE("explain wants a source and a destination") {
    CHECK_THROWS_AS(explain_request({}), std::invalid_argument);
    CHECK_THROWS_AS(explain_request({"a", "b", "c"}), std::invalid_argument);
    CHECK(explain_request({"a", "b"}) ==
          json::object{{"command", "explain"}, {"source", "a"}, {"destination", "b"}});
}

} // namespace lbd::lbctl
