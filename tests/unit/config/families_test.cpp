// SPDX-License-Identifier: BSD-3-Clause
// IPv6 wherever IPv4 is.
#include "mistakes.h"

using namespace lbd::config;

namespace {

const std::string dual_stack = R"(ports:
  - device: af_packet:eth1
    addresses: [10.0.0.2/24, '2001:db8::2/64']
)";

std::string service6(const std::string& keys) {
    return "services:\n  - {name: a, address: '2001:db8::100', port: 80, " + keys + "}\n";
}

std::string router6(const std::string& addresses) {
    return "vrrp: [{name: v, vrid: 1, virtual_addresses: [" + addresses + "]}]\n";
}

} // namespace

TEST_CASE("a service of IPv6 has backends of IPv6") {
    const auto config =
        load_text(dual_stack + service6("backends: [{address: '2001:db8::11'}]"), "f").services[0];
    CHECK(config.address.text() == "2001:db8::100");
    CHECK(config.backends[0].address.text() == "2001:db8::11");
    CHECK(config.backends[0].port_name == "lb0");
    check({{service6("backends: [{address: 10.0.0.11}]"),
            "f:5:72: services[0].backends[0].address: 10.0.0.11 is IPv4 and the service's address "
            "IPv6: Direct Routing needs both of one family; forwarding ipip or gue does not"},
           {service6("backends: [{address: '2001:db8:1::11'}]"),
            "f:5:72: services[0].backends[0].address: 2001:db8:1::11 is not on the link: Direct "
            "Routing needs the backend in a subnet of port lb0 (10.0.0.2/24, 2001:db8::2/64), as "
            "it is reached by its MAC address"},
           {service6("backends: [{address: '2001:db8::2'}]"),
            "f:5:72: services[0].backends[0].address: 2001:db8::2 is the director's own address on "
            "port lb0; a backend is another machine"},
           {service6("backends: [{address: '2001:db8::'}]"),
            "f:5:72: services[0].backends[0].address: 2001:db8:: is the anycast address of the "
            "routers of 2001:db8::2/64"},
           {service6("") + "  - {name: b, address: '2001:db8::100', port: 80}\n",
            "f:6:24: services[1].address: [2001:db8::100]:80 tcp is already the service "
            "services[0]"}},
          dual_stack);
}

TEST_CASE("a prefix of clients is the whole address unless it is shorter") {
    const auto loaded = [](const std::string& text) {
        return load_text(dual_stack + text, "f").services[0];
    };
    CHECK(loaded(service("")).persistence_prefix == 32);
    CHECK(loaded(service("")).limits.client_prefix == 32);
    CHECK(loaded(service6("")).persistence_prefix == 128);
    CHECK(loaded(service6("")).limits.client_prefix == 128);
    CHECK(loaded(service6("persistence_prefix: 56")).persistence_prefix == 56);
    CHECK(loaded(service6("limits: {client_prefix: 64}")).limits.client_prefix == 64);
    check({
        {service("persistence_prefix: 33"),
         "f:5:66: services[0].persistence_prefix: found '33', allowed: 1..32, as the service's "
         "address is IPv4"},
        {service("limits: {client_prefix: 128}"),
         "f:5:70: services[0].limits.client_prefix: found '128', allowed: 1..32, as the service's "
         "address is IPv4"},
        {service6("persistence_prefix: 129"),
         "f:5:71: services[0].persistence_prefix: found '129', allowed: 1..128"},
    });
}

TEST_CASE("IPv6 addresses of a VRRP instance move along with an IPv4 one") {
    const auto config = load_text(dual_stack + router6("'2001:db8::100', 10.0.0.100"), "f");
    CHECK(config.vrrp[0].virtual_addresses ==
          std::vector{*Prefix::parse("2001:db8::100/128"), *Prefix::parse("10.0.0.100/32")});
    check({{router6("10.0.0.100, 'ff02::12'"),
            "f:4:59: vrrp[0].virtual_addresses[1]: ff02::12 is a multicast address"},
           {router6("10.0.0.100, '2001:db8::2/64'"),
            "f:4:59: vrrp[0].virtual_addresses[1]: 2001:db8::2 is the director's own address on "
            "port lb0; a virtual address moves between directors"}},
          dual_stack);
}

TEST_CASE("without an IPv4 address an instance speaks IPv6, from its link-local address") {
    const auto v6 = load_text(dual_stack + router6("'fe80::100', '2001:db8::100'"), "f").vrrp[0];
    CHECK(v6.family == IpAddress::Family::v6);
    CHECK(v6.port == "lb0");
    CHECK_FALSE(v6.source);
    check({{"vrrp: [{name: v, vrid: 1, version: 2, virtual_addresses: ['2001:db8::100']}]",
            "f:4:36: vrrp[0].version: VRRP version 2 is IPv4's only (RFC 3768); use version: 3 for "
            "IPv6"}},
          dual_stack);
}

TEST_CASE("only the IPv4 addresses of an instance are counted in its advertisements") {
    const auto many = [](const std::string& start, int count) {
        std::string list;
        for (int i = 0; i < count; ++i) {
            list += '\'' + start + std::to_string(i) + "', ";
        }
        return list;
    };
    CHECK(errors_of(dual_stack + router6("10.0.0.100, " + many("2001:db8:1::", 300))) ==
          "no error");
    CHECK(errors_of(dual_stack + router6(many("10.3.0.", 200) + many("10.4.0.", 56))) ==
          "f:4:46: vrrp[0].virtual_addresses: more than 255 IPv4 addresses do not fit an "
          "advertisement");
}

TEST_CASE("the director's own IPv6 address is one host's, on a link that carries IPv6") {
    const auto at = [](const std::string& prefix, const std::string& keys = "") {
        return "ports: [{device: 'af_packet:eth1', addresses: ['" + prefix + "']" + keys + "}]";
    };
    CHECK(errors_of(at("2001:db8::/64")) ==
          "f:1:48: ports[0].addresses[0]: 2001:db8:: is the anycast address of the routers of "
          "2001:db8::/64; give the director's own address in it");
    CHECK(errors_of(at("2001:db8::/127")) == "no error");
    CHECK(errors_of(at("2001:db8::ffff:ffff:ffff:ffff/64")) == "no error");
    CHECK(errors_of(at("ff02::1/64")) ==
          "f:1:48: ports[0].addresses[0]: ff02::1 is a multicast "
          "address");
    CHECK(errors_of(at("2001:db8::1/64", ", mtu: 1279")) ==
          "f:1:72: ports[0].mtu: found '1279', allowed: 1280..9600, as port lb0 has an IPv6 "
          "address");
}
