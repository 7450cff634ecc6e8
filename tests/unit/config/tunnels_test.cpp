// SPDX-License-Identifier: BSD-3-Clause
// Backends that are reached through a tunnel.
#include "config/warnings.h"
#include "mistakes.h"

using namespace lbd::config;

namespace {

const std::string routed = R"(ports:
  - device: af_packet:eth1
    addresses: [10.0.0.2/24]
    vlans:
      - {id: 5, addresses: [10.0.5.2/24], gateway: 10.0.5.1}
      - {id: 6, addresses: [10.0.6.2/24, '2001:db8:6::2/64'], gateway: 10.0.6.1, gateway6: 'fe80::1'}
)";

std::vector<Backend> backends_of(const std::string& keys) {
    return load_text(routed + service(keys), "f").services[0].backends;
}

} // namespace

TEST_CASE("a backend is forwarded to as its service says unless it says otherwise") {
    const auto all = backends_of(
        "forwarding: gue, gue_port: 7000, backends: [{address: 10.0.0.11}, {address: 10.0.0.12, "
        "gue_port: 7001}, {address: 10.0.0.13, forwarding: ipip}, {address: 10.0.0.14, forwarding: "
        "dr}]");
    CHECK(all[0].forwarding == Forwarding::gue);
    CHECK(all[0].gue_port == 7000);
    CHECK(all[1].gue_port == 7001);
    CHECK(all[2].forwarding == Forwarding::ipip);
    CHECK(all[3].forwarding == Forwarding::dr);
}

TEST_CASE("a tunnel leads to a backend on the link or through the first gateway of its family") {
    const auto all = backends_of(
        "forwarding: ipip, backends: [{address: 10.0.6.11}, {address: 192.0.2.11}, {address: "
        "'2001:db8::11'}]");
    CHECK(all[0].port_name == "lb0.6");
    CHECK_FALSE(all[0].gateway);
    CHECK(all[1].port_name == "lb0.5");
    CHECK(all[1].gateway == IpAddress::parse("10.0.5.1"));
    CHECK(all[2].port_name == "lb0.6");
    CHECK(all[2].gateway == IpAddress::parse("fe80::1"));
}

TEST_CASE("a service that names its network has its tunnels there, on the link or not") {
    const auto all = backends_of(
        "behind: lb0.6, forwarding: ipip, backends: [{address: 10.0.5.11}, {address: 10.0.6.11}]");
    CHECK(all[0].port_name == "lb0.6");
    CHECK(all[0].gateway == IpAddress::parse("10.0.6.1"));
    CHECK(all[1].port_name == "lb0.6");
    CHECK_FALSE(all[1].gateway);
    const auto service = load_text(routed + lbd::config::service("forwarding: ipip, backends: "
                                                                 "[{address: 192.0.2.11}]"),
                                   "f");
    CHECK(service.services[0].port_name == "lb0.5");
}

TEST_CASE("a backend that no tunnel can reach is shown with what is missing") {
    check({{service("behind: lb0, forwarding: ipip, backends: [{address: 192.0.2.11}]"),
            "f:8:98: services[0].backends[0].address: 192.0.2.11 cannot be reached: it is in no "
            "subnet of port lb0 (10.0.0.2/24), and no gateway is given there"},
           {service("behind: lb0.5, backends: [{address: '2001:db8::11', forwarding: gue}]"),
            "f:8:82: services[0].backends[0].address: 2001:db8::11 cannot be reached: it is in no "
            "subnet of VLAN lb0.5 (10.0.5.2/24), and no gateway6 is given there"},
           {service("backends: [{address: 192.0.2.11, forwarding: dr}]"),
            "f:8:67: services[0].backends[0].address: 192.0.2.11 is not on the link: Direct "
            "Routing needs the backend in a subnet of port lb0 (10.0.0.2/24) or VLAN lb0.5 "
            "(10.0.5.2/24) or VLAN lb0.6 (10.0.6.2/24, 2001:db8:6::2/64), as it is reached by its "
            "MAC address"}},
          routed);
}

TEST_CASE("a tunnel changes no port either, and there is no fourth way to forward") {
    check({
        {service("backends: [{address: 10.0.0.11, port: 81, forwarding: ipip}]"),
         "f:5:84: services[0].backends[0].port: port 81 differs from the service's port 80: a "
         "tunnel cannot change ports, so the backend must listen on the service's"},
        {service("forwarding: nat"),
         "f:5:58: services[0].forwarding: found 'nat', allowed: dr, ipip or gue"},
        {service("forwarding: nat, backends: [{address: 192.0.2.1}]"),
         "f:5:58: services[0].forwarding: found 'nat', allowed: dr, ipip or gue"},
        {service("backends: [{address: 192.0.2.1, forwarding: tun}]"),
         "f:5:90: services[0].backends[0].forwarding: found 'tun', allowed: dr, ipip or gue"},
        {service("gue_port: 0"), "f:5:56: services[0].gue_port: found '0', allowed: 1..65535"},
    });
}

TEST_CASE("a tunnel that carries less than clients send is warned of") {
    const auto warned = [](const std::string& mtu, const std::string& keys) {
        const auto config = load_text(
            "ports: [{device: 'af_packet:eth1', addresses: [10.0.0.2/24, 10.0.0.100/32, "
            "'2001:db8::2/64'], mtu: " +
                mtu + "}]\n" + service(keys),
            "f");
        std::string all;
        for (const auto& warning : warnings(config)) {
            all += warning + '\n';
        }
        return all;
    };
    const std::string both =
        "forwarding: ipip, backends: [{address: 10.0.0.11}, {address: '2001:db8::11', forwarding: "
        "gue}]";
    CHECK(warned("1500", both) ==
          "service a: the tunnels through port lb0 carry packets of at most 1448 bytes; clients "
          "are told to send no larger ones (ICMP fragmentation needed, packet too big). An mtu of "
          "1552 there, where the network has it, avoids that\n");
    CHECK(warned("1551", both) != "");
    CHECK(warned("1552", both).empty());
    CHECK(warned("1520", "forwarding: ipip, backends: [{address: 10.0.0.11}]").empty());
    CHECK(warned("1531", "forwarding: gue, backends: [{address: 10.0.0.11}]") != "");
    CHECK(warned("1532", "forwarding: gue, backends: [{address: 10.0.0.11}]").empty());
    CHECK(warned("1500", "backends: [{address: 10.0.0.11}]").empty());
}
