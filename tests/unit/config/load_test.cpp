// SPDX-License-Identifier: BSD-3-Clause
#include "config/load.h"

#include "tests/unit/catch.h"

using namespace lbd::config;
using namespace std::chrono_literals;

namespace {

const std::string one_port = R"(
ports:
  - device: af_packet:eth1
    addresses: [10.0.0.2/24]
)";

Config load(const std::string& rest) {
    return load_text(one_port + rest, "test.yaml");
}

const std::string web = R"(
services:
  - name: web
    address: 10.0.0.100
    port: 80
    backends:
      - address: 10.0.0.11
)";

} // namespace

TEST_CASE("a file with nothing but a port has every default") {
    const auto config = load("");
    CHECK(config.name == "lbd");
    CHECK(config.workers == Workers{.count = 1, .cores = {}, .idle = Workers::Idle::poll});
    CHECK(config.memory == Memory{.hugepages = true,
                                  .megabytes = 0,
                                  .packet_buffers = 0,
                                  .flows = 1'048'576,
                                  .persistence_entries = 262'144,
                                  .flows6 = 262'144,
                                  .persistence_entries6 = 65'536,
                                  .fragments = 4096});
    CHECK(config.control == Control{.socket = "/run/lbd/lbd.sock",
                                    .group = "",
                                    .core = std::nullopt,
                                    .realtime_priority = 50});
    CHECK(config.ports == std::vector{Port{.name = "lb0",
                                           .device = {Device::Kind::af_packet, "eth1"},
                                           .addresses = {*Prefix::parse("10.0.0.2/24")},
                                           .gateway = std::nullopt,
                                           .gateway6 = std::nullopt,
                                           .vlans = {},
                                           .mtu = 1500,
                                           .rx_descriptors = 1024,
                                           .tx_descriptors = 1024}});
    CHECK(config.vrrp.empty());
    CHECK(config.services.empty());
}

TEST_CASE("a service has every default, and its backend the service's port") {
    const auto service = load(web).services.at(0);
    CHECK(service.port_name == "lb0");
    CHECK(service.protocol == Protocol::tcp);
    CHECK(service.scheduler == Scheduler::wrr);
    CHECK(service.persistence == 0s);
    CHECK(service.persistence_prefix == 32);
    CHECK(service.on_no_backend == NoBackend::drop);
    CHECK(service.on_unknown_tcp == UnknownTcp::hash);
    CHECK(service.on_backend_down == BackendDown::reschedule);
    CHECK(service.timeouts == Timeouts{900s, 60s, 120s, 10s, 300s, 120s});
    const auto& backend = service.backends.at(0);
    CHECK(backend.port == 80);
    CHECK(backend.weight == 1);
    CHECK_FALSE(backend.mac);
    CHECK(backend.checks == std::vector{HealthCheck{.kind = HealthCheck::Kind::tcp,
                                                    .interval = 2s,
                                                    .connect_timeout = 1s,
                                                    .retries = 2,
                                                    .delay_before_retry = 1s,
                                                    .rise = 1,
                                                    .initially_up = false}});
}

TEST_CASE("a VRRP instance has every default") {
    const auto config = load("vrrp: [{name: v, vrid: 7, virtual_addresses: [10.0.0.100]}]");
    CHECK(config.vrrp.at(0) == VrrpInstance{.name = "v",
                                            .port = "lb0",
                                            .family = IpAddress::Family::v4,
                                            .version = 3,
                                            .vrid = 7,
                                            .priority = 100,
                                            .interval = 1s,
                                            .preempt = true,
                                            .preempt_delay = 0s,
                                            .start_as_master = false,
                                            .authentication = std::nullopt,
                                            .virtual_addresses = {*Prefix::parse("10.0.0.100/32")},
                                            .garp_repeat = 5,
                                            .garp_delay = 5s,
                                            .garp_refresh = 0s,
                                            .source = IpAddress::parse("10.0.0.2")});
}

TEST_CASE("the control socket follows the name") {
    CHECK(load("name: edge-1").control.socket == "/run/lbd/edge-1.sock");
    CHECK(load("name: edge-1\ncontrol: {socket: /tmp/x.sock}").control.socket == "/tmp/x.sock");
}

TEST_CASE("the number of workers is that of the cores if only these are given") {
    CHECK(load("workers: {cores: [3, 4, 5]}").workers.count == 3);
    CHECK(load("workers: {count: 2}").workers.count == 2);
    CHECK(load("workers: {count: 2, cores: [8, 9]}").workers.cores == std::vector{8U, 9U});
}

TEST_CASE("health keys are inherited one by one from service and file") {
    const auto config = load(R"(
health: {interval: 5s, retries: 7, rise: 3}
services:
  - name: web
    address: 10.0.0.100
    port: 80
    health: {retries: 4, initially_up: true}
    backends:
      - address: 10.0.0.11
      - {address: 10.0.0.12, health: {rise: 9, type: ping, port: 81}}
)");
    const auto& plain = config.services[0].backends[0].checks.at(0);
    CHECK(plain.interval == 5s);
    CHECK(plain.retries == 4);
    CHECK(plain.rise == 3);
    CHECK(plain.initially_up);
    CHECK(plain.connect_timeout == 1s);
    const auto& own = config.services[0].backends[1].checks.at(0);
    CHECK(own.retries == 4);
    CHECK(own.rise == 9);
    CHECK(own.kind == HealthCheck::Kind::ping);
    CHECK(own.port == 81);
}

TEST_CASE("timeouts are inherited one by one from the file") {
    const auto config = load(R"(
timeouts: {udp: 20s, tcp_fin: 1m}
services:
  - {name: a, address: 10.0.0.100, port: 80, timeouts: {udp: 5}}
)");
    CHECK(config.services[0].timeouts == Timeouts{900s, 60s, 60s, 10s, 5s, 120s});
}

TEST_CASE("a udp service is checked only if it or its backend says so") {
    const auto checks = [](const std::string& top, const std::string& service,
                           const std::string& backend) {
        return load("health: {" + top +
                    "}\nservices: [{name: d, address: 10.0.0.100, port: 53, protocol: udp, "
                    "health: {" +
                    service + "}, backends: [{address: 10.0.0.11, health: {" + backend + "}}]}]")
            .services[0]
            .backends[0]
            .checks.size();
    };
    CHECK(checks("", "", "") == 0);
    CHECK(checks("type: tcp", "", "") == 0);
    CHECK(checks("", "type: tcp", "") == 1);
    CHECK(checks("", "", "type: tcp") == 1);
    CHECK(checks("", "type: tcp", "type: none") == 0);
}

TEST_CASE("a tcp service is not checked if the file says so for all") {
    CHECK(load("health: {type: none}" + web).services[0].backends[0].checks.empty());
}

TEST_CASE("a service is behind the first port whose subnets hold its backends") {
    const std::string two_ports = R"(
ports:
  - {name: a, device: "af_packet:eth1", addresses: [10.1.0.2/24]}
  - {name: b, device: "af_packet:eth2", addresses: [192.168.0.1/16, 10.0.0.2/24]}
  - {name: c, device: "af_packet:eth3", addresses: [10.0.0.3/24]}
)";
    CHECK(load_text(two_ports + web, "x").services[0].port_name == "b");
    CHECK(load_text(two_ports + web + "    behind: c\n", "x").services[0].port_name == "c");
}

TEST_CASE("a port whose backend is named again is no error") {
    CHECK_NOTHROW(
        load("services: [{name: a, address: 10.0.0.100, port: 80, backends: "
             "[{address: 10.0.0.11, port: 80}]}]"));
}

TEST_CASE("one address may have several ports and protocols") {
    CHECK(load("services: [{name: a, address: 10.0.0.100, port: 53},"
               "{name: b, address: 10.0.0.100, port: 53, protocol: udp},"
               "{name: c, address: 10.0.0.100, port: 54}]")
              .services.size() == 3);
}

TEST_CASE("anchors and aliases say a thing once") {
    const auto config = load(R"(
services:
  - {name: a, address: 10.0.0.100, port: 80, backends: &farm [{address: 10.0.0.11}]}
  - {name: b, address: 10.0.0.100, port: 81, backends: *farm}
)");
    CHECK(config.services[1].backends.at(0).port == 81);
}

TEST_CASE("keys without a value leave the defaults") {
    CHECK(load("workers:\nvrrp:\nservices:\n") == load(""));
}

TEST_CASE("an address owner may start as master") {
    const auto config = load(
        "vrrp: [{name: v, vrid: 1, priority: 255, state: master, version: 2, interval: 3,"
        "password: secret, virtual_addresses: [10.0.0.100/24]}]");
    CHECK(config.vrrp[0].start_as_master);
    CHECK(config.vrrp[0].version == 2);
    CHECK(config.vrrp[0].interval == 3s);
    CHECK(config.vrrp[0].authentication->password.reveal() == "secret");
}
