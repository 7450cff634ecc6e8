// SPDX-License-Identifier: BSD-3-Clause
// What a service and its backends may ask for.
#include "mistakes.h"

using namespace lbd::config;
using namespace std::chrono_literals;

namespace {

Service loaded_service(const std::string& keys, const std::string& before = "") {
    return load_text(port + before + service(keys), "f").services[0];
}

} // namespace

TEST_CASE("the words of a service mean what they say") {
    CHECK(loaded_service("scheduler: rr").scheduler == Scheduler::rr);
    CHECK(loaded_service("scheduler: wrr").scheduler == Scheduler::wrr);
    CHECK(loaded_service("scheduler: lc").scheduler == Scheduler::lc);
    CHECK(loaded_service("scheduler: wlc").scheduler == Scheduler::wlc);
    CHECK(loaded_service("scheduler: sh").scheduler == Scheduler::sh);
    CHECK(loaded_service("scheduler: mh").scheduler == Scheduler::mh);
    CHECK(loaded_service("on_no_backend: reject").on_no_backend == NoBackend::reject);
    CHECK(loaded_service("on_unknown_tcp: drop").on_unknown_tcp == UnknownTcp::drop);
    CHECK(loaded_service("on_unknown_tcp: schedule").on_unknown_tcp == UnknownTcp::schedule);
    CHECK(loaded_service("on_unknown_tcp: reset").on_unknown_tcp == UnknownTcp::reset);
    CHECK(loaded_service("on_backend_down: keep").on_backend_down == BackendDown::keep);
    CHECK(loaded_service("on_backend_down: reset").on_backend_down == BackendDown::reset);
    CHECK(loaded_service("on_backend_removed: reset").on_backend_removed == BackendRemoved::reset);
    CHECK(loaded_service("on_backend_removed: reschedule").on_backend_removed ==
          BackendRemoved::reschedule);
    CHECK(loaded_service("persistence_while_drained: move").persistence_while_drained ==
          PersistenceDrained::move);
    CHECK(loaded_service("protocol: udp").protocol == Protocol::udp);
    CHECK(loaded_service("hash_port: true").hash_port);
    CHECK(loaded_service("decrement_ttl: true").decrement_ttl);
    CHECK(loaded_service("limits: {connections_per_client: 50, client_prefix: 24}").limits ==
          Limits{.connections_per_client = 50, .client_prefix = 24});
}

TEST_CASE("a service that says nothing of them has the defaults of IPVS") {
    const auto service = loaded_service("backends: [{address: 10.0.0.11}]");
    CHECK_FALSE(service.hash_port);
    CHECK(service.persistence_while_drained == PersistenceDrained::honour);
    CHECK(service.on_backend_removed == BackendRemoved::drain);
    CHECK_FALSE(service.decrement_ttl);
    CHECK(service.limits == Limits{});
    const auto& backend = service.backends[0];
    CHECK(backend.forwarding == Forwarding::dr);
    CHECK(backend.gue_port == 6080);
    CHECK(backend.upper_threshold == 0);
    CHECK(backend.lower_threshold == 0);
    CHECK(backend.port_name == "lb0");
    CHECK_FALSE(backend.gateway);
}

TEST_CASE("words that a service does not know are shown with those that it does") {
    check({
        {service("on_backend_removed: keep"),
         "f:5:66: services[0].on_backend_removed: found 'keep', allowed: drain, reset or "
         "reschedule"},
        {service("persistence_while_drained: no"),
         "f:5:73: services[0].persistence_while_drained: found 'no', allowed: honour or move"},
        {service("hash_port: 1"),
         "f:5:57: services[0].hash_port: found '1', allowed: true or "
         "false"},
        {service("limits: {connections_per_client: -1}"),
         "f:5:79: services[0].limits.connections_per_client: found '-1', allowed: 0..1000000000"},
        {service("limits: {client_prefix: 0}"),
         "f:5:70: services[0].limits.client_prefix: found '0', allowed: 1..128"},
        {service("limits: 5"),
         "f:5:54: services[0].limits: found '5', allowed: a section with "
         "connections_per_client, client_prefix"},
    });
}

TEST_CASE("tcp_time_wait and the sizes of the tables are configured") {
    const auto config =
        load_text(port +
                      "memory: {flows6: 1024, persistence_entries6: 2048, fragments: 64}\n"
                      "timeouts: {tcp_time_wait: 30s}\n" +
                      service("") +
                      "  - {name: b, address: 10.0.0.100, port: 81, timeouts: "
                      "{tcp_time_wait: 5s}}\n",
                  "f");
    CHECK(config.memory.flows6 == 1024);
    CHECK(config.memory.persistence_entries6 == 2048);
    CHECK(config.memory.fragments == 64);
    CHECK(config.services[0].timeouts.tcp_time_wait == 30s);
    CHECK(config.services[1].timeouts.tcp_time_wait == 5s);
    CHECK(loaded_service("").timeouts.tcp_time_wait == 120s);
    check({
        {"memory: {fragments: 63}", "f:4:21: memory.fragments: found '63', allowed: 64..1048576"},
        {"memory: {flows6: 1023}", "f:4:18: memory.flows6: found '1023', allowed: 1024..134217728"},
        {"memory: {persistence_entries6: 0}",
         "f:4:32: memory.persistence_entries6: found '0', allowed: 1024..134217728"},
    });
}

TEST_CASE("a backend takes connections again at three quarters of its upper threshold") {
    const auto lower = [](const std::string& keys) {
        return loaded_service("backends: [{address: 10.0.0.11, " + keys + "}]")
            .backends[0]
            .lower_threshold;
    };
    CHECK(lower("upper_threshold: 100") == 75);
    CHECK(lower("upper_threshold: 100, lower_threshold: 100") == 100);
    CHECK(lower("upper_threshold: 100, lower_threshold: 0") == 75);
    CHECK(lower("upper_threshold: 1") == 1); // or it never would
    CHECK(lower("upper_threshold: 2") == 2);
    CHECK(lower("upper_threshold: 4294967295") == 3'221'225'472);
    check({
        {service("backends: [{address: 10.0.0.11, upper_threshold: 5, lower_threshold: 6}]"),
         "f:5:115: services[0].backends[0].lower_threshold: lower_threshold 6 is above the "
         "upper_threshold 5"},
        {service("backends: [{address: 10.0.0.11, lower_threshold: 6}]"),
         "f:5:95: services[0].backends[0].lower_threshold: lower_threshold 6 has no meaning "
         "without an upper_threshold"},
        {service("backends: [{address: 10.0.0.11, upper_threshold: x}]"),
         "f:5:95: services[0].backends[0].upper_threshold: found 'x', allowed: 0..4294967295"},
    });
}

TEST_CASE("a service of any port leaves to others the ports that they name") {
    const auto config = load_text(
        port +
            "health: {port: 8080}\nservices:\n"
            "  - {name: a, address: 10.0.0.100, port: any, backends: [{address: 10.0.0.11}]}\n"
            "  - {name: b, address: 10.0.0.100, port: 80, backends: [{address: 10.0.0.11}]}\n",
        "f");
    CHECK(config.services[0].port == 0);
    CHECK(config.services[0].backends[0].port == 0);
    CHECK(config.services[1].port == 80);
    const std::string any = "services: [{name: a, address: 10.0.0.100, port: any, ";
    check({
        {any + "}, {name: b, address: 10.0.0.100, port: any}]",
         "f:4:76: services[1].address: 10.0.0.100:any tcp is already the service services[0]"},
        {any + "backends: [{address: 10.0.0.11, port: 80, health: {type: none}}]}]",
         "f:4:92: services[0].backends[0].port: port 80 differs from the service's port any: "
         "Direct Routing cannot change ports, so the backend must listen on the service's"},
        {any + "backends: [{address: 10.0.0.11, port: any, health: {type: none}}]}]", "no error"},
    });
    check({
        {"services: [{name: a, address: 10.0.0.100, port: 0}]",
         "f:4:49: services[0].port: found '0', allowed: 1..65535 or any"},
        {"services: [{name: a, address: 10.0.0.100, port: all}]",
         "f:4:49: services[0].port: found 'all', allowed: 1..65535 or any"},
        {service("backends: [{address: 10.0.0.11, port: any}]"),
         "f:5:84: services[0].backends[0].port: port any differs from the service's port 80: "
         "Direct Routing cannot change ports, so the backend must listen on the service's"},
    });
}

TEST_CASE("a tcp check of a service of any port must know its own") {
    const auto any = [](const std::string& service, const std::string& backend) {
        return "services: [{name: a, address: 10.0.0.100, port: any, " + service +
               " backends: [{address: 10.0.0.11, " + backend + "}]}]";
    };
    check({
        {any("", ""),
         "f:4:49: services[0].port: with any port, the health check of services[0].backends[0] "
         "needs one to connect to: give health: {port: N} for the backend, the service or all "
         "services, or health: {type: none}"},
        {any("", "health: {port: 22}"), "no error"},
        {any("health: {port: 22},", ""), "no error"},
        {any("health: {type: none},", ""), "no error"},
        {any("protocol: udp,", ""), "no error"},
        {"health: {port: 22}\n" + any("", ""), "no error"},
    });
}
