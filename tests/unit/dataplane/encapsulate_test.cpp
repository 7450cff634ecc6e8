// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/encapsulate.h"

#include <string>
#include <string_view>

#include "packets.h"
#include "tests/unit/catch.h"

namespace lbd::dataplane::test {

namespace {

constexpr std::uint64_t flow_hash = 0x123456789abcdef0;

std::string hex(Frame& frame) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    const auto* bytes = rte_pktmbuf_mtod(&frame.packet(), const unsigned char*);
    for (std::uint16_t i = 0; i < frame.packet().data_len; ++i) {
        text += digits[bytes[i] >> 4];
        text += digits[bytes[i] & 15];
    }
    return text;
}

Tunnel tunnel(Forwarding kind, bool ipv6) {
    Tunnel result{kind, ipv6, be(6080), {}, {}};
    if (ipv6) {
        result.local = result.remote = {0x20, 0x01, 0x0d, 0xb8, 0, 0x0f};
        result.local[15] = 1;
        result.remote[15] = 2;
    } else {
        result.local = {10, 0, 0, 1};
        result.remote = {10, 0, 1, 2};
    }
    return result;
}

void datagram4(Frame& frame) {
    Frame::udp(frame, ip(198, 51, 100, 7), 5353, ip(192, 0, 2, 10), 53, 4);
    frame.ip_header().type_of_service = 0x28;
    frame.ip_header().fragment_offset = be(0x4000);
    frame.checksum();
}

void datagram6(Frame& frame) {
    Frame::over_ipv6(frame, client6, 5353, vip6, 53, IPPROTO_UDP);
}

} // namespace

// The bytes are scapy's.
TEST_CASE("IPv4 in IPv4") {
    Frame frame;
    datagram4(frame);
    REQUIRE(encapsulate(frame.packet(), 14, tunnel(Forwarding::ipip, false), flow_hash, 77));
    CHECK(hex(frame) ==
          "020000000001020000000099080045280034000040004004259c0a0000010a00"
          "0102452800200000400040114e60c6336407c000020a14e90035000c00000000"
          "0000");
}

TEST_CASE("what may be cut on the way has a number of its own") {
    for (const std::uint16_t id : {1, 0xfffe}) {
        Frame frame;
        datagram4(frame);
        auto* ip = rte_pktmbuf_mtod_offset(&frame.packet(), rte_ipv4_hdr*, 14);
        ip->fragment_offset = 0;
        REQUIRE(encapsulate(frame.packet(), 14, tunnel(Forwarding::ipip, false), flow_hash, id));
        ip = rte_pktmbuf_mtod_offset(&frame.packet(), rte_ipv4_hdr*, 14);
        CHECK(rte_be_to_cpu_16(ip->packet_id) == id);
        CHECK(ip->fragment_offset == 0);
    }
}

TEST_CASE("IPv6 in IPv4") {
    Frame frame;
    datagram6(frame);
    REQUIRE(encapsulate(frame.packet(), 14, tunnel(Forwarding::ipip, false), flow_hash, 77));
    CHECK(hex(frame) ==
          "020000000001020000000099080045000044000040004029258f0a0000010a00"
          "0102600000000008114020010db800000000000000000000000720010db80001"
          "0000000000000000000a14e9003500080000");
}

TEST_CASE("IPv4 in IPv6") {
    Frame frame;
    datagram4(frame);
    REQUIRE(encapsulate(frame.packet(), 14, tunnel(Forwarding::ipip, true), flow_hash, 77));
    CHECK(hex(frame) ==
          "02000000000102000000009986dd628cdef00020044020010db8000f00000000"
          "00000000000120010db8000f0000000000000000000245280020000040004011"
          "4e60c6336407c000020a14e90035000c000000000000");
}

TEST_CASE("GUE over IPv4") {
    Frame frame;
    datagram4(frame);
    REQUIRE(encapsulate(frame.packet(), 14, tunnel(Forwarding::gue, false), flow_hash, 77));
    CHECK(hex(frame) ==
          "02000000000102000000009908004528004000004000401125830a0000010a00"
          "0102d67817c0002c000000040000452800200000400040114e60c6336407c000"
          "020a14e90035000c000000000000");
}

TEST_CASE("GUE over IPv6 has a UDP checksum") {
    Frame frame;
    datagram6(frame);
    REQUIRE(encapsulate(frame.packet(), 14, tunnel(Forwarding::gue, true), flow_hash, 77));
    CHECK(hex(frame) ==
          "02000000000102000000009986dd600cdef0003c114020010db8000f00000000"
          "00000000000120010db8000f00000000000000000002d67817c0003cd38e0029"
          "0000600000000008114020010db800000000000000000000000720010db80001"
          "0000000000000000000a14e9003500080000");
}

TEST_CASE("Ethernet's padding does not go into a tunnel") {
    Frame padded;
    datagram4(padded);
    padded.length(60);
    Frame exact;
    datagram4(exact);
    REQUIRE(encapsulate(padded.packet(), 14, tunnel(Forwarding::ipip, false), flow_hash, 77));
    REQUIRE(encapsulate(exact.packet(), 14, tunnel(Forwarding::ipip, false), flow_hash, 77));
    CHECK(hex(padded) == hex(exact));
}

TEST_CASE("a frame without room in front stays as it is") {
    Frame frame;
    datagram4(frame);
    frame.packet().data_off = 19;
    std::memmove(static_cast<char*>(frame.packet().buf_addr) + 19, frame.data(), 60);
    const std::string before = hex(frame);
    CHECK_FALSE(encapsulate(frame.packet(), 14, tunnel(Forwarding::ipip, false), flow_hash, 77));
    CHECK(hex(frame) == before);
}

TEST_CASE("what a tunnel adds is known beforehand") {
    CHECK(overhead(tunnel(Forwarding::direct, false)) == 0);
    CHECK(overhead(tunnel(Forwarding::ipip, false)) == 20);
    CHECK(overhead(tunnel(Forwarding::ipip, true)) == 40);
    CHECK(overhead(tunnel(Forwarding::gue, false)) == 32);
    CHECK(overhead(tunnel(Forwarding::gue, true)) == 52);
}

} // namespace lbd::dataplane::test
