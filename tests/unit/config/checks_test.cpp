// SPDX-License-Identifier: BSD-3-Clause
// Several checks of a backend, and what each of them has.
#include "tests/unit/config/mistakes.h"

namespace lbd::config {

using namespace std::chrono_literals;

namespace {

using Kind = HealthCheck::Kind;

std::vector<HealthCheck> checks_of(const std::string& service, const std::string& backend,
                                   const std::string& top = "") {
    const std::string text = port + top +
                             "services:\n  - {name: a, address: 10.0.0.100, port: 80, " + service +
                             "backends: [{address: 10.0.0.11, " + backend + "}]}\n";
    return load_text(text, "f").services.at(0).backends.at(0).checks;
}

} // namespace

TEST_CASE("a backend has the checks of its own list, else of its service's") {
    const std::string two = "checks: [{type: http, port: 8080}, {type: ping}], ";
    const auto service = checks_of(two, "");
    REQUIRE(service.size() == 2);
    CHECK(service[0].kind == Kind::http);
    CHECK(service[0].port == 8080);
    CHECK(service[1].kind == Kind::ping);
    const auto own = checks_of(two, "checks: [{type: smtp}]");
    REQUIRE(own.size() == 1);
    CHECK(own[0].kind == Kind::smtp);
}

TEST_CASE("what a check leaves out comes from the health sections, the backend's first") {
    const auto checks = checks_of("checks: [{type: tcp, rise: 7}, {}], health: {retries: 5}, ",
                                  "health: {interval: 9s, rise: 3}", "health: {retries: 1}\n");
    REQUIRE(checks.size() == 2);
    CHECK(checks[0].rise == 7);
    CHECK(checks[1].rise == 3);
    CHECK(checks[1].kind == Kind::tcp);
    for (const auto& check : checks) {
        CHECK(check.interval == 9s);
        CHECK(check.retries == 5);
        CHECK(check.warmup == 500ms);
    }
}

TEST_CASE("that a backend accepts the virtual address is a check beside the others, once") {
    const auto beside = checks_of("", "checks: [{type: tcp, check_vip: true}, {check_vip: true}]");
    REQUIRE(beside.size() == 3);
    CHECK(beside[1].kind == Kind::vip);
    const auto only = checks_of("", "health: {type: none, check_vip: true, interval: 4s}");
    REQUIRE(only.size() == 1);
    CHECK(only[0].kind == Kind::vip);
    CHECK(only[0].interval == 4s);
    // A tunnel does not end at the MAC address.
    CHECK(checks_of("forwarding: ipip, ", "", "health: {check_vip: true}\n").size() == 1);
}

TEST_CASE("checks come from an address of the director") {
    const auto checks = checks_of("", "health: {source: [10.0.0.2]}");
    CHECK(checks.at(0).sources == std::vector{*IpAddress::parse("10.0.0.2")});
    check({
        {service("health: {source: [10.0.0.3]}, backends: [{address: 10.0.0.11}]"),
         "f:5:64: services[0].health.source[0]: found '10.0.0.3', allowed: an address of a port or "
         "VLAN"},
        {service("health: {source: [10.0.0.2, 10.0.0.2]}, backends: [{address: 10.0.0.11}]"),
         "f:5:74: services[0].health.source[1]: 10.0.0.2 is the second of its family"},
    });
}

TEST_CASE("mistakes in a check of several are found in their place") {
    check({
        {service("checks: [{type: tpc}], backends: [{address: 10.0.0.11}]"),
         "f:5:62: services[0].checks[0].type: found 'tpc', allowed: none, tcp, http, https, smtp, "
         "udp, dns, ping or script"},
        {service("checks: [{type: script}], backends: [{address: 10.0.0.11}]"),
         "f:5:5: services[0]: health checks of type script need a script"},
    });
}

} // namespace lbd::config
