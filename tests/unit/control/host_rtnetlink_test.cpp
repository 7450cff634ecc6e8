// SPDX-License-Identifier: BSD-3-Clause

#include "lb/control/rtnetlink.h"
#include "tests/unit/catch.h"
#include "tests/unit/control/host_network.h"

namespace lbd::control {

namespace {

config::Prefix prefix(const char* text) {
    return *config::Prefix::parse(text);
}

} // namespace

TEST_CASE("An interface that does not exist has index 0, and asking for changes says so") {
    const HostNetwork network;
    Rtnetlink netlink;
    CHECK(Rtnetlink::index_of("port0") != 0);
    CHECK(Rtnetlink::index_of("nothing0") == 0);
    CHECK(netlink.set_up(4711, true) == std::errc::no_such_device);
    CHECK(netlink.add_address(4711, prefix("10.0.0.1/24")) == std::errc::no_such_device);
}

TEST_CASE("An address is added once and removed once, however often it is asked for") {
    const HostNetwork network;
    Rtnetlink netlink;
    const unsigned port = Rtnetlink::index_of("port0");
    for (const char* text : {"192.0.2.7/32", "192.0.2.129/25", "2001:db8::7/64"}) {
        CAPTURE(text);
        CHECK(!netlink.add_address(port, prefix(text)));
        CHECK(!netlink.add_address(port, prefix(text)));
        CHECK(has(network.run("ip -o addr show dev port0"), std::string(" ") + text));
        CHECK(!netlink.remove_address(port, prefix(text)));
        CHECK(!netlink.remove_address(port, prefix(text)));
        CHECK(!has(network.run("ip -o addr show dev port0"), std::string(" ") + text));
    }
}

TEST_CASE("An IPv6 address can be used at once: the kernel does not look for duplicates first") {
    const HostNetwork network;
    Rtnetlink netlink;
    CHECK(!netlink.add_address(Rtnetlink::index_of("port0"), prefix("2001:db8::7/64")));
    CHECK(!has(network.run("ip -o addr show dev port0 to 2001:db8::7"), "tentative"));
}

TEST_CASE("Link state, MAC address and MTU are set, each without the others") {
    const HostNetwork network;
    Rtnetlink netlink;
    const unsigned port = Rtnetlink::index_of("port0");
    CHECK(!netlink.set_mac(port, *config::MacAddress::parse("02:00:00:00:00:77")));
    CHECK(!netlink.set_mtu(port, 1400));
    std::string link = network.run("ip -o link show dev port0");
    CHECK(has(link, "02:00:00:00:00:77"));
    CHECK(has(link, "mtu 1400"));
    CHECK(has(link, ",UP"));
    CHECK(!netlink.set_up(port, false));
    link = network.run("ip -o link show dev port0");
    CHECK(!has(link, ",UP"));
    CHECK(has(link, "mtu 1400"));
}

TEST_CASE("A default route takes the place of the one before") {
    const HostNetwork network;
    Rtnetlink netlink;
    const unsigned port = Rtnetlink::index_of("port0");
    CHECK(!netlink.set_default_route(port, *config::IpAddress::parse("10.9.0.2")));
    CHECK(!netlink.set_default_route(port, *config::IpAddress::parse("10.9.0.3")));
    const std::string routes = network.run("ip route show default");
    CHECK(has(routes, "default via 10.9.0.3 dev port0"));
    CHECK(!has(routes, "10.9.0.2"));
}

TEST_CASE("A gateway that no address reaches is an error") {
    const HostNetwork network;
    Rtnetlink netlink;
    CHECK(netlink.set_default_route(Rtnetlink::index_of("port0"),
                                    *config::IpAddress::parse("198.51.100.1")));
}

} // namespace lbd::control
