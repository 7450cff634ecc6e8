// SPDX-License-Identifier: BSD-3-Clause
// Ports, their VLANs, and which of them everything else is behind.
#include "mistakes.h"

using namespace lbd::config;

namespace {

const std::string trunk = R"(ports:
  - device: af_packet:eth1
    addresses: [10.0.0.2/24, '2001:db8::2/64']
    gateway: 10.0.0.1
    gateway6: fe80::1
    mtu: 9000
    vlans:
      - {id: 5, addresses: [10.0.5.2/24]}
      - id: 4094
        name: back
        addresses: [10.0.6.2/24, '2001:db8:6::2/64']
        gateway: 10.0.6.1
        gateway6: 2001:db8:6::1
  - {name: lb1, device: 'af_packet:eth2', vlans: [{id: 5, addresses: [10.1.5.2/24]}]}
)";

Network network(std::string name, std::size_t port, std::uint16_t vlan,
                std::vector<Prefix> addresses, std::uint16_t mtu) {
    return {.name = std::move(name),
            .port = port,
            .vlan = vlan,
            .addresses = std::move(addresses),
            .gateway = {},
            .gateway6 = {},
            .mtu = mtu};
}

// After three lines.
std::string vlans(const std::string& list) {
    return "    vlans: [" + list + "]\n";
}

} // namespace

TEST_CASE("the networks of a configuration are each port's untagged one and then its VLANs") {
    const auto all = networks(load_text(trunk, "f"));
    auto first = network("lb0", 0, 0,
                         {*Prefix::parse("10.0.0.2/24"), *Prefix::parse("2001:db8::2/64")}, 9000);
    first.gateway = IpAddress::parse("10.0.0.1");
    first.gateway6 = IpAddress::parse("fe80::1");
    auto back = network("back", 0, 4094,
                        {*Prefix::parse("10.0.6.2/24"), *Prefix::parse("2001:db8:6::2/64")}, 9000);
    back.gateway = IpAddress::parse("10.0.6.1");
    back.gateway6 = IpAddress::parse("2001:db8:6::1");
    CHECK(all == std::vector{first, network("lb0.5", 0, 5, {*Prefix::parse("10.0.5.2/24")}, 9000),
                             back, network("lb1", 1, 0, {}, 1500),
                             network("lb1.5", 1, 5, {*Prefix::parse("10.1.5.2/24")}, 1500)});
}

TEST_CASE("only a port with VLANs may be without addresses") {
    const std::string allowed =
        "an address with its prefix length such as 192.0.2.10/24 or 2001:db8::10/64";
    CHECK(errors_of("ports: [{ device: 'af_packet:eth1'}]") ==
          "f:1:9: ports[0].addresses: required but missing, as there are no vlans, allowed: " +
              allowed);
    CHECK(errors_of("ports: [{vlans: , device: 'af_packet:eth1'}]") ==
          "f:1:9: ports[0].addresses: required but missing, as there are no vlans, allowed: " +
              allowed);
    CHECK(errors_of("ports: [{addresses: [], device: 'af_packet:eth1', vlans: "
                    "[{id: 5, addresses: [10.0.0.2/24]}]}]") ==
          "f:1:21: ports[0].addresses: found an empty list, allowed: a list of at least one, "
          "each " +
              allowed);
}

TEST_CASE("a VLAN has an id of its own and addresses") {
    check({
        {vlans("{id: 0, addresses: [10.0.5.2/24]}"),
         "f:4:18: ports[0].vlans[0].id: found '0', allowed: 1..4094"},
        {vlans("{id: 4095, addresses: [10.0.5.2/24]}"),
         "f:4:18: ports[0].vlans[0].id: found '4095', allowed: 1..4094"},
        {vlans("{name: x, addresses: [10.0.5.2/24]}"),
         "f:4:13: ports[0].vlans[0].id: required but missing, allowed: 1..4094"},
        {vlans("{id: 5}"),
         "f:4:13: ports[0].vlans[0].addresses: required but missing, allowed: an address with "
         "its prefix length such as 192.0.2.10/24 or 2001:db8::10/64"},
        {vlans("{id: 5, addresses: [10.0.5.2/24]}, {id: 5, addresses: [10.0.6.2/24]}"),
         "f:4:53: ports[0].vlans[1].id: VLAN 5 is already ports[0].vlans[0]"},
        {vlans("{id: 5, addresses: [10.0.5.2/24], tag: 1}"),
         "f:4:47: ports[0].vlans[0]: unknown key 'tag'; known: 'id', 'name', 'addresses', "
         "'gateway', 'gateway6'"},
    });
}

TEST_CASE("ports and VLANs must not share a name or an address") {
    check({
        {vlans("{id: 5, name: lb0, addresses: [10.0.5.2/24]}"),
         "f:4:27: ports[0].vlans[0].name: 'lb0' is already the name of ports[0]"},
        {vlans("{id: 5, name: lb0.6, addresses: [10.0.5.2/24]}, {id: 6, addresses: [10.0.6.2/24]}"),
         "f:4:61: ports[0].vlans[1].name: 'lb0.6' is already the name of ports[0].vlans[0], the "
         "default; name one of them differently"},
        {vlans("{id: 5, addresses: [10.0.0.2/24]}"),
         "f:4:33: ports[0].vlans[0].addresses[0]: 10.0.0.2 is already given at "
         "ports[0].addresses[0]"},
        {vlans("{id: 5, name: a name, addresses: [10.0.5.2/24]}"),
         "f:4:27: ports[0].vlans[0].name: found 'a name', allowed: 1..15 of A-Z a-z 0-9 _-., not "
         ". or .."},
        {"    name: elevenchars\n" + vlans("{id: 4000, addresses: [10.0.5.2/24]}"),
         "f:5:13: ports[0].vlans[0].name: the default, 'elevenchars.4000', is longer than the 15 "
         "characters of an interface's name; give another"},
    });
}

TEST_CASE("a gateway is of its key's family and can be reached") {
    const auto six = [](const std::string& keys) {
        return vlans("{id: 5, addresses: ['2001:db8::2/64'], " + keys + "}");
    };
    check({
        {"    gateway: 2001:db8::1",
         "f:4:14: ports[0].gateway: found '2001:db8::1', allowed: an IPv4 address such as "
         "192.0.2.1"},
        {"    gateway6: 10.0.0.1",
         "f:4:15: ports[0].gateway6: found '10.0.0.1', allowed: an IPv6 address such as fe80::1"},
        {"    gateway6: fe80::1",
         "f:4:15: ports[0].gateway6: fe80::1 is of no use without an IPv6 address of the "
         "director's own"},
        {six("gateway6: '2001:db8:1::1'"),
         "f:4:62: ports[0].vlans[0].gateway6: 2001:db8:1::1 is in none of the VLAN's subnets, so "
         "it cannot be reached"},
        {six("gateway6: '2001:db8::2'"),
         "f:4:62: ports[0].vlans[0].gateway6: 2001:db8::2 is the director's own address"},
        {six("gateway6: 'ff02::2'"),
         "f:4:62: ports[0].vlans[0].gateway6: ff02::2 is a multicast address"},
        {vlans("{id: 5, addresses: ['fe80::1/64'], gateway6: 'fe80::1'}"),
         "f:4:58: ports[0].vlans[0].gateway6: fe80::1 is the director's own address"},
        {six("gateway: 10.0.0.1"),
         "f:4:61: ports[0].vlans[0].gateway: 10.0.0.1 is in none of the VLAN's subnets, so it "
         "cannot be reached"},
        {six("gateway6: '2001:db8::'"), "no error"}, // RFC 4291 2.6.1: the routers' anycast address
    });
}

TEST_CASE("a service and a VRRP instance may name a VLAN") {
    const auto config = load_text(trunk + R"(
vrrp: [{name: v, vrid: 1, port: lb0.5, virtual_addresses: [10.0.5.100]},
       {name: w, vrid: 1, virtual_addresses: [10.0.0.100]}]
services:
  - {name: a, address: 10.0.5.100, port: 80, behind: back, backends: [{address: 10.0.6.11}]}
)",
                                  "f");
    CHECK(config.vrrp[0].port == "lb0.5");
    CHECK(config.vrrp[1].port == "lb0");
    CHECK(config.services[0].port_name == "back");
    CHECK(config.services[0].backends[0].port_name == "back");
}

TEST_CASE("what is named is suggested from ports and VLANs, and must exist") {
    check({{vlans("{id: 5, name: back, addresses: [10.0.5.2/24]}") + service("behind: bakc"),
            "f:6:54: services[0].behind: there is no port or VLAN 'bakc'; did you mean 'back'?"}});
}

TEST_CASE("a backend is reached through the first network whose subnets hold it") {
    const auto config = load_text(trunk + R"(
services:
  - name: a
    address: 10.0.5.100
    port: 80
    backends: [{address: 10.0.5.11}, {address: 10.0.6.11}, {address: 10.0.6.12}]
)",
                                  "f");
    const auto& service = config.services[0];
    CHECK(service.port_name == "back"); // where most of them are
    CHECK(service.backends[0].port_name == "lb0.5");
    CHECK(service.backends[1].port_name == "back");
    CHECK_FALSE(service.backends[0].gateway);
}

TEST_CASE("a backend that is on no link is told of the networks that it could be in") {
    check({{service("backends: [{address: 10.9.0.1}]"),
            "f:16:67: services[0].backends[0].address: 10.9.0.1 is not on the link: Direct Routing "
            "needs the backend in a subnet of port lb0 (10.0.0.2/24, 2001:db8::2/64) or VLAN "
            "lb0.5 (10.0.5.2/24) or VLAN back (10.0.6.2/24, 2001:db8:6::2/64) or VLAN lb1.5 "
            "(10.1.5.2/24), as it is reached by its MAC address"},
           {service("behind: lb0.5, backends: [{address: 10.0.6.11}]"),
            "f:16:82: services[0].backends[0].address: 10.0.6.11 is not on the link: Direct "
            "Routing needs the backend in a subnet of VLAN lb0.5 (10.0.5.2/24), as it is reached "
            "by its MAC address"},
           {service("behind: lb1, backends: [{address: 10.1.5.11}]"),
            "f:16:80: services[0].backends[0].address: 10.1.5.11 is not on the link: Direct "
            "Routing needs the backend in a subnet of port lb1 (which has none), as it is reached "
            "by its MAC address"},
           {service("backends: [{address: 10.1.5.2}]"),
            "f:16:67: services[0].backends[0].address: 10.1.5.2 is the director's own address on "
            "VLAN lb1.5; a backend is another machine"}},
          trunk);
}

TEST_CASE("an instance speaks where there is an IPv4 address, and its vrid is its network's own") {
    check({{router("port: lb1"),
            "f:16:63: vrrp[0].port: port lb1 has no IPv4 address to send advertisements from"},
           {router("port: lb0.5") +
                "  - {name: w, port: lb0.5, vrid: 1, virtual_addresses: [10.0.5.101]}",
            "f:17:34: vrrp[1].vrid: vrid 1 is already used on this VLAN by vrrp[0]"},
           {router("port: lb0.5") +
                "  - {name: w, port: lb0, vrid: 1, virtual_addresses: [10.0.5.101]}",
            "no error"}},
          trunk);
    const auto config = load_text(
        "ports: [{device: 'af_packet:eth1', vlans: [{id: 7, addresses: "
        "[10.0.0.2/24]}]}]\n" +
            router("priority: 1"),
        "f");
    CHECK(config.vrrp[0].port == "lb0.7");
}
