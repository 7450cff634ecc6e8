// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/tap.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <optional>

#include "tests/unit/catch.h"
#include "tests/unit/control/host_network.h"

namespace lbd::control {

namespace {

const config::MacAddress own_mac = *config::MacAddress::parse("02:00:00:00:00:70");

Tap::Addresses own_addresses() {
    return {{*config::Prefix::parse("10.8.0.1/24"), *config::Prefix::parse("2001:db8::1/64")}, {}};
}

// Who has 10.8.0.1? Tell 10.8.0.9.
constexpr std::array<std::uint8_t, 42> arp_request{
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0,  0, 0, 0, 9, 8, 6, 0, 1, 8, 0,  6, 4, 0,
    1,    2,    0,    0,    0,    0,    9, 10, 8, 0, 9, 0, 0, 0, 0, 0, 0, 10, 8, 0, 1};

// The kernel's reply among what else it sends (IPv6 router solicitations, for instance).
std::optional<std::vector<std::uint8_t>> await_arp_reply(Tap& tap) {
    std::array<std::uint8_t, 2048> buffer;
    pollfd readable{tap.fd(), POLLIN, 0};
    while (poll(&readable, 1, 2000) == 1) {
        const std::size_t length = tap.read_frame(buffer);
        const std::vector<std::uint8_t> frame(buffer.begin(), buffer.begin() + length);
        if (length >= 42 && frame[12] == 8 && frame[13] == 6 && frame[21] == 2) return frame;
    }
    return std::nullopt;
}

} // namespace

TEST_CASE("A companion interface has the port's MAC, MTU and addresses, and goes with its owner") {
    const HostNetwork network;
    Rtnetlink netlink;
    {
        const Tap tap(netlink, "lb0", own_mac, 1400, own_addresses());
        CHECK(tap.index() == Rtnetlink::index_of("lb0"));
        const std::string link = network.run("ip -o link show dev lb0");
        CHECK(has(link, "02:00:00:00:00:70"));
        CHECK(has(link, "mtu 1400"));
        CHECK(has(link, ",UP"));
        const std::string addresses = network.run("ip -o addr show dev lb0");
        CHECK(has(addresses, " 10.8.0.1/24"));
        CHECK(has(addresses, " 2001:db8::1/64"));
    }
    CHECK(Rtnetlink::index_of("lb0") == 0);
}

TEST_CASE(
    "An IPv6 address is taken where new interfaces have none, and routers are not listened to") {
    const HostNetwork network;
    network.run("sysctl -qw net.ipv6.conf.default.disable_ipv6=1");
    Rtnetlink netlink;
    const Tap tap(netlink, "lb0", own_mac, 1500, own_addresses());
    CHECK(has(network.run("ip -o addr show dev lb0"), " 2001:db8::1/64"));
    CHECK(network.run("sysctl -n net.ipv6.conf.lb0.accept_ra") == "0\n");
    CHECK(network.run("sysctl -n net.ipv6.conf.lb0.autoconf") == "0\n");
    const Tap other(netlink, "lb1", own_mac, 1500, {});
    CHECK(network.run("sysctl -n net.ipv6.conf.lb1.disable_ipv6") == "1\n");
}

TEST_CASE("The host's own connections do not come from a service's address") {
    const HostNetwork network;
    Rtnetlink netlink;
    Tap::Addresses addresses = own_addresses();
    addresses.of_services = {*config::Prefix::parse("10.8.0.100/24"),
                             *config::Prefix::parse("2001:db8::100/128")};
    const Tap tap(netlink, "lb0", own_mac, 1500, addresses);
    CHECK(has(network.run("ip -o addr show dev lb0"), " 2001:db8::100/128"));
    CHECK(has(network.run("ip -6 route get 2001:db8::101"), "src 2001:db8::1 "));
    CHECK(has(network.run("ip route get 10.8.0.101"), "src 10.8.0.1 "));
}

TEST_CASE("A second companion interface of the same name is refused, and the first one stays") {
    const HostNetwork network;
    Rtnetlink netlink;
    const Tap first(netlink, "lb0", own_mac, 1500, own_addresses());
    CHECK_THROWS_WITH(Tap(netlink, "lb0", own_mac, 1500, {}),
                      Catch::Matchers::ContainsSubstring("lb0 exists already") &&
                          Catch::Matchers::ContainsSubstring("another lbd"));
    CHECK(has(network.run("ip -o addr show dev lb0"), " 10.8.0.1/24"));
}

TEST_CASE("A companion interface that cannot be set up is not left behind") {
    const HostNetwork network;
    Rtnetlink netlink;
    CHECK_THROWS_WITH(Tap(netlink, "lb0", own_mac, 1'000'000, {}),
                      Catch::Matchers::ContainsSubstring("lb0: set MTU 1000000"));
    CHECK(Rtnetlink::index_of("lb0") == 0);
}

TEST_CASE("A frame given to the companion interface reaches the kernel, whose answer comes out") {
    const HostNetwork network;
    Rtnetlink netlink;
    Tap tap(netlink, "lb0", own_mac, 1500, own_addresses());
    REQUIRE(tap.write_frame(arp_request));
    const auto reply = await_arp_reply(tap);
    REQUIRE(reply);
    CHECK(std::equal(own_mac.bytes.begin(), own_mac.bytes.end(), reply->begin() + 22));
    CHECK(std::equal(arp_request.begin() + 6, arp_request.begin() + 12, reply->begin()));
}

TEST_CASE("Reading from a companion interface with nothing to say does not wait") {
    const HostNetwork network;
    Rtnetlink netlink;
    Tap tap(netlink, "lb0", own_mac, 1500, {});
    std::array<std::uint8_t, 2048> buffer;
    unsigned frames = 0; // of IPv6, which greets its neighbours
    while (tap.read_frame(buffer) != 0) ++frames;
    CHECK(frames < 10);
}

TEST_CASE("An interface that is down does not take a frame") {
    const HostNetwork network;
    Rtnetlink netlink;
    Tap tap(netlink, "lb0", own_mac, 1500, {});
    REQUIRE(!netlink.set_up(tap.index(), false));
    CHECK(!tap.write_frame(arp_request));
}

} // namespace lbd::control
