// SPDX-License-Identifier: BSD-3-Clause
// Peers, groups and what is tracked.
#include "mistakes.h"

using namespace lbd::config;
using namespace std::chrono_literals;

namespace {

const std::string two_subnets = R"(ports:
  - device: af_packet:eth1
    addresses: [10.0.0.2/24, 10.1.0.2/24, '2001:db8::2/64']
)";

VrrpTrack track(const std::string& keys) {
    const std::string services = "services: [{name: web, address: 10.0.0.100, port: 80}]\n";
    return load_text(port + services + router("track: [{" + keys + "}]"), "f")
        .vrrp.at(0)
        .track.at(0);
}

} // namespace

TEST_CASE("peers are spoken to from the address in their subnet") {
    const auto loaded = [](const std::string& keys) {
        return load_text(two_subnets + router(keys), "f").vrrp.at(0);
    };
    CHECK(loaded("").min_ttl == 255);
    CHECK(loaded("").source == IpAddress::parse("10.0.0.2"));
    const auto near = loaded("peers: [10.1.0.3]");
    CHECK(near.source == IpAddress::parse("10.1.0.2"));
    CHECK(near.peers == std::vector{*IpAddress::parse("10.1.0.3")});
    CHECK(near.min_ttl == 1);
    CHECK(loaded("peers: [192.0.2.3], min_ttl: 250").source == IpAddress::parse("10.0.0.2"));
    CHECK(loaded("peers: [192.0.2.3], source: 10.1.0.2").source == IpAddress::parse("10.1.0.2"));
    CHECK(loaded("peers: [192.0.2.3], min_ttl: 250").min_ttl == 250);
}

TEST_CASE("the peers' family is that of the adverts") {
    const auto v6 = load_text(two_subnets +
                                  "vrrp: [{name: v, vrid: 1, peers: ['2001:db8::3'], "
                                  "virtual_addresses: [10.0.0.100, '2001:db8::100']}]\n",
                              "f")
                        .vrrp.at(0);
    CHECK(v6.family == IpAddress::Family::v6);
    CHECK(v6.source == IpAddress::parse("2001:db8::2"));
}

TEST_CASE("mistakes about peers are named") {
    check({{router("peers: [10.0.0.2]"),
            "f:5:65: vrrp[0].peers[0]: 10.0.0.2 is the director's own address"},
           {router("peers: [10.0.0.3, 10.0.0.3]"),
            "f:5:75: vrrp[0].peers[1]: 10.0.0.3 is already given at vrrp[0].peers[0]"},
           {router("peers: [10.0.0.3, '2001:db8::3']"),
            "f:5:75: vrrp[0].peers[1]: 2001:db8::3 is not of the family of the own address "
            "10.0.0.2"},
           {router("peers: ['2001:db8::3']"),
            "f:5:43: vrrp[0].virtual_addresses: there is no IPv6 address, which advertisements to "
            "the peers carry"},
           {router("source: 10.0.0.9"),
            "f:5:65: vrrp[0].source: 10.0.0.9 is none of the addresses of port lb0"},
           {router("source: '2001:db8::2'"),
            "f:5:65: vrrp[0].source: 2001:db8::2 is not IPv4 as the advertisements are"},
           {router("min_ttl: 254"),
            "f:5:66: vrrp[0].min_ttl: less than 255 is for peers behind routers; whoever sends to "
            "the multicast group is on the link (RFC 9568 5.1.1.3)"},
           {"vrrp: [{name: v, vrid: 1, virtual_addresses: ['2001:db8::9'], source: "
            "'2001:db8::2'}]",
            "f:4:71: vrrp[0].source: to the multicast group of IPv6 the link-local address speaks "
            "(RFC 9568 5.1.2.1); remove it or give peers"}},
          two_subnets);
}

TEST_CASE("one VRID may be IPv4's and IPv6's, but not twice of one family") {
    const std::string both =
        "vrrp:\n"
        "  - {name: a, vrid: 1, virtual_addresses: [10.0.0.100]}\n"
        "  - {name: b, vrid: 1, virtual_addresses: ['2001:db8::100']}\n";
    CHECK(errors_of(two_subnets + both) == "no error");
    CHECK(errors_of(two_subnets + both +
                    "  - {name: c, vrid: 1, virtual_addresses: ['2001:db8::101']}") ==
          "f:7:21: vrrp[2].vrid: vrid 1 is already used on this port by vrrp[1]");
}

TEST_CASE("what is tracked is one of four things") {
    CHECK(track("port: lb0").kind == VrrpTrack::Kind::port);
    CHECK(track("port: lb0").name == "lb0");
    CHECK(track("port: lb0").lower_priority_by == 0);
    CHECK(track("workers: true, lower_priority_by: 30").kind == VrrpTrack::Kind::workers);
    CHECK(track("workers: true, lower_priority_by: 30").lower_priority_by == 30);
    const auto service = track("service: web, minimum: 3");
    CHECK(service.kind == VrrpTrack::Kind::service);
    CHECK(service.name == "web");
    CHECK(service.minimum == 3);
    const auto script = track("script: [/usr/local/bin/uplink, --fast], interval: 2s, fall: 3");
    CHECK(script.kind == VrrpTrack::Kind::script);
    CHECK(script.script == std::vector<std::string>{"/usr/local/bin/uplink", "--fast"});
    CHECK(script.interval == 2s);
    CHECK(script.timeout == 2s);
    CHECK(script.rise == 1);
    CHECK(script.fall == 3);
}

TEST_CASE("mistakes about what is tracked are named") {
    const auto tracking = [](const std::string& keys) { return router("track: [{" + keys + "}]"); };
    const std::string one = "give one of port, service, script and workers: true";
    check(
        {{tracking("minimum: 1, port: lb0"),
          "f:5:75: vrrp[0].track[0].minimum: belongs to a service"},
         {tracking("workers: false"), "f:5:65: vrrp[0].track[0]: " + one},
         {tracking("workers: true, port: lb0"), "f:5:65: vrrp[0].track[0]: " + one},
         {tracking("port: lb1"),
          "f:5:72: vrrp[0].track[0].port: there is no port or VLAN 'lb1'; did you mean 'lb0'?"},
         {tracking("service: web"), "f:5:75: vrrp[0].track[0].service: there is no service 'web'"},
         {tracking("script: [check.sh]"),
          "f:5:75: vrrp[0].track[0].script[0]: found 'check.sh', allowed: an absolute path, as "
          "no shell looks for it"},
         {tracking("port: lb0, rise: 2"), "f:5:83: vrrp[0].track[0].rise: belongs to a script"},
         {router("priority: 255, track: [{port: lb0, lower_priority_by: 1}]"),
          "f:5:111: vrrp[0].track[0].lower_priority_by: the priority of the addresses' owner, "
          "255, is never lowered (RFC 9568 5.2.4)"}});
}

TEST_CASE("the owner of the addresses accepts what is for them") {
    CHECK(load_text(port + router("accept: false"), "f").vrrp.at(0).accept == false);
    CHECK(load_text(port + router("virtual_mac: true"), "f").vrrp.at(0).virtual_mac);
    check({{router("priority: 255, accept: false"),
            "f:5:80: vrrp[0].accept: the addresses' owner, of priority 255, always accepts what is "
            "for them (RFC 9568 6.1)"}});
}
