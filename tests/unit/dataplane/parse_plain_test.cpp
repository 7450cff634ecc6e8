// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/parse_plain.h"

#include <random>

#include "packets.h"
#include "tests/unit/catch.h"

namespace lbd::dataplane::test {

namespace {

void write(Frame& frame, unsigned kind) {
    switch (kind) {
        case 0:
            return Frame::tcp(frame, client, 40112, vip, 80, RTE_TCP_ACK_FLAG, 100);
        case 1:
            return Frame::udp(frame, client, 5353, vip, 53, 20);
        case 2:
            return Frame::over_ipv6(frame, client6, 40112, vip6, 80, IPPROTO_TCP, RTE_TCP_ACK_FLAG);
        default:
            return Frame::over_ipv6(frame, client6, 5353, vip6, 53, IPPROTO_UDP);
    }
}

void check_same(const Parsed& plain, const Parsed& full) {
    REQUIRE(full.kind == PacketClass::flow);
    REQUIRE_FALSE(full.first_fragment);
    REQUIRE(plain.kind == full.kind);
    REQUIRE(plain.first_fragment == full.first_fragment);
    REQUIRE(plain.ipv6 == full.ipv6);
    REQUIRE((plain.ipv6 ? plain.v6 == full.v6 : plain.v4 == full.v4));
    REQUIRE(plain.vlan == full.vlan);
    REQUIRE(plain.tcp_flags == full.tcp_flags);
    REQUIRE(plain.l3_offset == full.l3_offset);
    REQUIRE(plain.l4_offset == full.l4_offset);
}

} // namespace

TEST_CASE("usual packets are parsed the short way") {
    const auto kind = GENERATE(0u, 1u, 2u, 3u);
    Frame frame;
    write(frame, kind);
    Parsed parsed;
    REQUIRE(parse_plain(frame.packet(), own_macs, parsed));
    Parsed full;
    parse(frame.packet(), own_macs, full);
    check_same(parsed, full);
}

TEST_CASE("what the short way takes, the long way reads in the same manner, whatever the bytes") {
    std::mt19937 random(20261124);
    const auto below = [&](unsigned bound) { return random() % bound; };
    const auto kind = GENERATE(0u, 1u, 2u, 3u);
    unsigned taken = 0;
    unsigned left = 0;
    for (unsigned round = 0; round < 200'000; ++round) {
        Frame frame;
        write(frame, kind);
        const auto length = frame.packet().data_len;
        for (unsigned changes = below(3); changes != 0; --changes)
            frame.data()[below(length)] = static_cast<unsigned char>(random());
        if (below(4) != 0 && kind < 2) frame.checksum();
        if (below(4) == 0) frame.length(static_cast<std::uint16_t>(below(length + 8u)));
        if (below(16) == 0) frame.packet().pkt_len += below(100);
        if (below(32) == 0) {
            frame.packet().ol_flags |= RTE_MBUF_F_RX_VLAN_STRIPPED;
            frame.packet().vlan_tci = 7;
        }
        Parsed parsed;
        if (!parse_plain(frame.packet(), own_macs, parsed)) {
            ++left;
            continue;
        }
        ++taken;
        Parsed full;
        parse(frame.packet(), own_macs, full);
        check_same(parsed, full);
    }
    CHECK(taken > 10'000);
    CHECK(left > 10'000);
}

} // namespace lbd::dataplane::test
