// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/host_frames.h"

#include <algorithm>
#include <numeric>
#include <random>

#include "tests/unit/catch.h"

namespace lbd::control {

namespace {

using Frame = std::vector<std::uint8_t>;

const config::MacAddress own{{2, 0, 0, 0, 0, 1}}, stranger{{2, 0, 0, 0, 0, 9}};
const config::MacAddress vmac4{{0, 0, 0x5e, 0, 1, 51}}, vmac6{{0, 0, 0x5e, 0, 2, 52}};

config::VrrpInstance instance(std::uint8_t vrid, const char* address, bool virtual_mac,
                              bool accept = true) {
    config::VrrpInstance result{};
    result.vrid = vrid;
    result.virtual_mac = virtual_mac;
    result.accept = accept;
    result.virtual_addresses = {*config::Prefix::parse(address)};
    result.family = result.virtual_addresses[0].address.family;
    return result;
}

const HostFrames masked(own,
                        {instance(51, "10.0.0.100", true), instance(52, "2001:db8::100", true)});

void put(Frame& frame, std::size_t at, const std::vector<std::uint8_t>& bytes) {
    std::copy(bytes.begin(), bytes.end(), frame.begin() + static_cast<std::ptrdiff_t>(at));
}

config::MacAddress mac_at(const Frame& frame, std::size_t at) {
    config::MacAddress mac;
    std::copy_n(frame.begin() + static_cast<std::ptrdiff_t>(at), 6, mac.bytes.begin());
    return mac;
}

Frame ethernet(std::uint16_t type, std::size_t payload) {
    Frame frame(14 + payload, 0);
    std::copy(stranger.bytes.begin(), stranger.bytes.end(), frame.begin());
    std::copy(own.bytes.begin(), own.bytes.end(), frame.begin() + 6);
    put(frame, 12, {static_cast<std::uint8_t>(type >> 8), static_cast<std::uint8_t>(type)});
    return frame;
}

Frame arp(std::uint8_t last_of_sender) {
    Frame frame = ethernet(0x0806, 28);
    put(frame, 14, {0, 1, 8, 0, 6, 4, 0, 2, 2, 0, 0, 0, 0, 1, 10, 0, 0, last_of_sender});
    return frame;
}

Frame ipv4(std::uint8_t source, std::uint8_t destination, std::uint8_t protocol = 6) {
    Frame frame = ethernet(0x0800, 40);
    put(frame, 14, {0x45});
    put(frame, 23, {protocol});
    put(frame, 26, {10, 0, 0, source, 10, 0, 0, destination});
    return frame;
}

Frame ipv6(std::uint8_t source, std::uint8_t destination, std::uint8_t protocol = 6) {
    Frame frame = ethernet(0x86dd, 40 + 32);
    put(frame, 14, {0x60, 0, 0, 0, 0, 32, protocol});
    put(frame, 22, {0x20, 1, 0x0d, 0xb8});
    put(frame, 36, {1, source});
    put(frame, 38, {0x20, 1, 0x0d, 0xb8});
    put(frame, 52, {1, destination});
    return frame;
}

// The Internet checksum of ICMPv6 as it stands: 0 if it is right.
std::uint16_t icmp_sum(const Frame& frame) {
    std::uint32_t sum = 58 + 32;
    for (std::size_t i = 22; i < frame.size(); i += 2) sum += frame[i] << 8 | frame[i + 1];
    while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
}

Frame advertisement(std::uint8_t target) {
    Frame frame = ipv6(1, 2, 58);
    put(frame, 54, {136});
    put(frame, 62, {0x20, 1, 0x0d, 0xb8});
    put(frame, 76, {1, target});
    put(frame, 78, {2, 1, 2, 0, 0, 0, 0, 1});
    const std::uint16_t sum = icmp_sum(frame);
    put(frame, 56, {static_cast<std::uint8_t>(sum >> 8), static_cast<std::uint8_t>(sum)});
    return frame;
}

} // namespace

TEST_CASE("a virtual MAC address tells family and VRID") {
    CHECK(virtual_mac(instance(51, "10.0.0.100", true)) == vmac4);
    CHECK(virtual_mac(instance(52, "2001:db8::100", true)) == vmac6);
}

TEST_CASE("without virtual routers frames are left alone") {
    Frame frame = ipv4(100, 100);
    const Frame before = frame;
    CHECK(HostFrames().to_host(frame));
    HostFrames().from_host(frame);
    CHECK(frame == before);
}

TEST_CASE("what a virtual address says comes from the virtual MAC address") {
    for (auto [frame, mac] : {std::pair(ipv4(100, 1), vmac4), {ipv6(0, 2), vmac6}}) {
        masked.from_host(frame);
        CHECK(mac_at(frame, 6) == mac);
        CHECK(mac_at(frame, 0) == stranger);
    }
    for (Frame frame : {ipv4(1, 100), ipv6(1, 0), arp(1), advertisement(2)}) {
        const Frame before = frame;
        masked.from_host(frame);
        CHECK(frame == before);
    }
}

TEST_CASE("ARP and neighbour advertisements name the virtual MAC address") {
    Frame reply = arp(100);
    masked.from_host(reply);
    CHECK(mac_at(reply, 6) == vmac4);
    CHECK(mac_at(reply, 22) == vmac4);
    Frame advert = advertisement(0);
    REQUIRE(icmp_sum(advert) == 0);
    masked.from_host(advert);
    CHECK(mac_at(advert, 6) == vmac6);
    CHECK(mac_at(advert, 80) == vmac6);
    CHECK(icmp_sum(advert) == 0);
}

TEST_CASE("adverts come from the virtual MAC address of their VRID and family") {
    const auto sent = [](Frame frame, std::size_t message, std::uint8_t vrid) {
        put(frame, message, {0x31, vrid});
        masked.from_host(frame);
        return mac_at(frame, 6);
    };
    CHECK(sent(ipv4(1, 18, 112), 34, 51) == vmac4);
    CHECK(sent(ipv4(1, 18, 112), 34, 52) == own);
    CHECK(sent(ipv6(1, 18, 112), 54, 52) == vmac6);
    CHECK(sent(ipv6(1, 18, 112), 54, 51) == own);
}

TEST_CASE("what comes for a virtual MAC address is the host's") {
    Frame frame = ipv4(1, 100);
    std::copy(vmac4.bytes.begin(), vmac4.bytes.end(), frame.begin());
    CHECK(masked.to_host(frame));
    CHECK(mac_at(frame, 0) == own);
    Frame other = ipv4(1, 100);
    CHECK(masked.to_host(other));
    CHECK(mac_at(other, 0) == stranger);
}

TEST_CASE("who does not accept answers ARP and neighbour solicitations only") {
    const HostFrames closed(own, {instance(51, "10.0.0.100", false, false),
                                  instance(52, "2001:db8::100", false, false)});
    Frame frame = ipv4(1, 100);
    CHECK_FALSE(closed.to_host(frame));
    frame = ipv4(1, 1);
    CHECK(closed.to_host(frame));
    frame = arp(100);
    CHECK(closed.to_host(frame));
    frame = ipv6(1, 0);
    CHECK_FALSE(closed.to_host(frame));
    frame = ipv6(1, 0, 58);
    put(frame, 54, {128}); // echo
    CHECK_FALSE(closed.to_host(frame));
    put(frame, 54, {135});
    CHECK(closed.to_host(frame));
}

TEST_CASE("no frame of chance or malice is read beyond its end") {
    const HostFrames both(
        own, {instance(51, "10.0.0.100", true, false), instance(52, "2001:db8::100", true, false)});
    std::mt19937 random(20261124);
    const std::vector<Frame> seeds{arp(100),         ipv4(100, 100),   ipv6(0, 0),
                                   advertisement(0), ipv4(1, 18, 112), ipv6(1, 18, 112)};
    for (unsigned round = 0; round < 200'000; ++round) {
        Frame frame = seeds[random() % seeds.size()];
        frame.resize(random() % (frame.size() + 1)); // on the heap, for the sanitizers
        frame.shrink_to_fit();
        if (!frame.empty()) frame[random() % frame.size()] = static_cast<std::uint8_t>(random());
        const std::size_t size = frame.size();
        both.to_host(frame);
        both.from_host(frame);
        CHECK(frame.size() == size);
    }
}

} // namespace lbd::control
