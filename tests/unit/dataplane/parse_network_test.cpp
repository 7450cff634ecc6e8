// SPDX-License-Identifier: BSD-3-Clause
// What parse() makes of IPv6, VLAN tags and ICMP errors, and what leaves again.
#include <rte_icmp.h>

#include <vector>

#include "lb/dataplane/answer.h"
#include "lb/dataplane/parse.h"
#include "lb/dataplane/ttl.h"
#include "lb/dataplane/vlan.h"
#include "packets.h"
#include "tests/unit/catch.h"

namespace lbd::dataplane::test {

namespace {

const KeyV6 flow6{client6, vip6, be(40112), be(80), IPPROTO_TCP, {}};

Parsed parsed_of(Frame& frame) {
    Parsed parsed;
    parsed.reason = DropReason::none;
    parse(frame.packet(), own_macs, parsed);
    return parsed;
}

void tcp6(Frame& frame) {
    Frame::over_ipv6(frame, client6, 40112, vip6, 80, IPPROTO_TCP, RTE_TCP_SYN_FLAG);
}

rte_ipv6_hdr& header6(Frame& frame) {
    return *reinterpret_cast<rte_ipv6_hdr*>(frame.data() + 14);
}

// Puts an extension header behind the IPv6 header.
void extend(Frame& frame, std::uint8_t type, std::vector<std::uint8_t> extension) {
    rte_ipv6_hdr& header = header6(frame);
    extension[0] = header.proto;
    header.proto = type;
    unsigned char* at = frame.data() + 54;
    const std::uint16_t behind = be(header.payload_len);
    std::memmove(at + extension.size(), at, behind);
    std::memcpy(at, extension.data(), extension.size());
    header.payload_len = be(static_cast<std::uint16_t>(behind + extension.size()));
    frame.length(static_cast<std::uint16_t>(54 + behind + extension.size()));
}

void tag(Frame& frame, std::uint16_t tci) {
    std::memmove(frame.data() + 16, frame.data() + 12, frame.packet().data_len - 12u);
    const std::array<std::uint8_t, 4> bytes{0x81, 0x00, static_cast<std::uint8_t>(tci >> 8),
                                            static_cast<std::uint8_t>(tci)};
    std::memcpy(frame.data() + 12, bytes.data(), bytes.size());
    frame.length(static_cast<std::uint16_t>(frame.packet().data_len + 4));
}

} // namespace

TEST_CASE("extension headers are stepped over") {
    Frame frame;
    tcp6(frame);
    SECTION("hop by hop") {
        extend(frame, IPPROTO_HOPOPTS, {0, 0, 1, 4, 0, 0, 0, 0});
    }
    SECTION("destination options of 24 bytes, behind a routing header") {
        std::vector<std::uint8_t> options(24);
        options[1] = 2;
        extend(frame, IPPROTO_DSTOPTS, options);
        extend(frame, IPPROTO_ROUTING, {0, 0, 0, 0, 0, 0, 0, 0});
    }
    SECTION("an authentication header counts in fours") {
        std::vector<std::uint8_t> authentication(24);
        authentication[1] = 4;
        extend(frame, IPPROTO_AH, authentication);
    }
    SECTION("a fragment header of a whole packet") {
        extend(frame, IPPROTO_FRAGMENT, {0, 0, 0, 0, 0, 0, 0, 9});
    }
    const Parsed parsed = parsed_of(frame);
    CHECK(parsed.kind == PacketClass::flow);
    CHECK_FALSE(parsed.first_fragment);
    CHECK(parsed.v6 == flow6);
    CHECK(parsed.tcp_flags == RTE_TCP_SYN_FLAG);
}

TEST_CASE("a chain of extension headers without end is dropped as such") {
    Frame frame;
    tcp6(frame);
    for (unsigned i = 0; i < 9; ++i) extend(frame, IPPROTO_DSTOPTS, {0, 0, 1, 4, 0, 0, 0, 0});
    CHECK(parsed_of(frame).reason == DropReason::bad_ipv6_extension);
}

TEST_CASE("an extension header that reaches beyond the packet is dropped") {
    Frame frame;
    tcp6(frame);
    extend(frame, IPPROTO_DSTOPTS, {0, 200, 1, 4, 0, 0, 0, 0});
    CHECK(parsed_of(frame).kind == PacketClass::malformed);
}

TEST_CASE("a header that begins behind the first segment is not read") {
    Frame frame;
    tcp6(frame);
    std::vector<std::uint8_t> options(24);
    options[1] = 2;
    extend(frame, IPPROTO_DSTOPTS, options);
    const std::uint16_t whole = frame.packet().data_len;
    for (std::uint16_t present = 14; present < whole; ++present) {
        frame.length(present);
        frame.packet().pkt_len = whole;
        CHECK(parsed_of(frame).kind == PacketClass::malformed);
    }
}

TEST_CASE("IPv6 fragments are told apart, first and later ones") {
    Frame frame;
    tcp6(frame);
    SECTION("the first one has the ports") {
        extend(frame, IPPROTO_FRAGMENT, {0, 0, 0, 1, 0, 0, 0, 9});
        const Parsed parsed = parsed_of(frame);
        CHECK(parsed.kind == PacketClass::flow);
        CHECK(parsed.first_fragment);
        CHECK(parsed.v6 == flow6);
        CHECK(parsed.fragment_id == Frame::be32(9));
    }
    SECTION("a later one has not") {
        extend(frame, IPPROTO_FRAGMENT, {0, 0, 0x05, 0x00, 0, 0, 0, 9});
        const Parsed parsed = parsed_of(frame);
        CHECK(parsed.kind == PacketClass::fragment);
        CHECK(parsed.v6.client_port == 0);
        CHECK(parsed.fragment_id == Frame::be32(9));
    }
}

TEST_CASE("IPv6 sources that cannot be are dropped") {
    Frame frame;
    const auto source =
        GENERATE(Ipv6{}, Ipv6{0xff, 2}, Ipv6{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1},
                 Ipv6{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 1, 2, 3, 4});
    Frame::over_ipv6(frame, source, 1, vip6, 80, IPPROTO_TCP);
    CHECK(parsed_of(frame).reason == DropReason::bad_source);
}

TEST_CASE("no prefix of an IPv6 frame is read beyond its end") {
    Frame frame;
    tcp6(frame);
    const std::uint16_t whole = frame.packet().data_len;
    for (std::uint16_t length = 0; length < whole; ++length) {
        frame.length(length);
        CHECK(parsed_of(frame).kind == PacketClass::malformed);
    }
}

TEST_CASE("a VLAN tag is read, wherever it is") {
    Frame frame;
    Frame::tcp(frame, client, 40112, vip, 80, RTE_TCP_ACK_FLAG);
    SECTION("in the frame, with a priority") {
        tag(frame, 0xe00a);
        const Parsed parsed = parsed_of(frame);
        CHECK(parsed.kind == PacketClass::flow);
        CHECK(parsed.vlan == 10);
        CHECK(parsed.l3_offset == 18);
        CHECK(parsed.v4.vip_port == be(80));
    }
    SECTION("taken off by the device") {
        frame.packet().ol_flags = RTE_MBUF_F_RX_VLAN_STRIPPED;
        frame.packet().vlan_tci = 0xe00a;
        const Parsed parsed = parsed_of(frame);
        CHECK(parsed.vlan == 10);
        CHECK(parsed.l3_offset == 14);
    }
    SECTION("and nothing behind it") {
        tag(frame, 10);
        frame.length(16);
        CHECK(parsed_of(frame).reason == DropReason::truncated_ethernet);
    }
}

TEST_CASE("a frame leaves with the tag of the network that it goes to") {
    Frame frame;
    Frame::tcp(frame, client, 40112, vip, 80, RTE_TCP_ACK_FLAG);
    const std::vector<unsigned char> plain(frame.data(), frame.data() + frame.packet().data_len);
    const auto bytes = [&] {
        const auto* start = rte_pktmbuf_mtod(&frame.packet(), const unsigned char*);
        return std::vector<unsigned char>(start, start + frame.packet().data_len);
    };
    REQUIRE(set_tag(frame.packet(), 14, 0));
    CHECK(bytes() == plain);
    REQUIRE(set_tag(frame.packet(), 14, 20));
    CHECK(parsed_of(frame).vlan == 20);
    CHECK(bytes().size() == plain.size() + 4);
    REQUIRE(set_tag(frame.packet(), 18, 30));
    CHECK(parsed_of(frame).vlan == 30);
    REQUIRE(set_tag(frame.packet(), 18, 0));
    CHECK(bytes() == plain);
}

TEST_CASE("an ICMP error about a flow is told by the flow's key") {
    const auto type = GENERATE(std::uint8_t{3}, std::uint8_t{11}, std::uint8_t{12});
    Frame frame;
    frame.ipv4(client, vip, IPPROTO_ICMP, 8 + 28);
    frame.l4()[0] = type;
    auto& quoted = *reinterpret_cast<rte_ipv4_hdr*>(frame.l4() + 8);
    quoted = frame.ip_header();
    quoted.src_addr = vip;
    quoted.dst_addr = client;
    quoted.next_proto_id = IPPROTO_TCP;
    auto* ports = reinterpret_cast<rte_udp_hdr*>(&quoted + 1);
    ports->src_port = be(80);
    ports->dst_port = be(40112);
    const KeyV4 flow{client, vip, be(40112), be(80), IPPROTO_TCP, {}};
    SECTION("as it is") {
        const Parsed parsed = parsed_of(frame);
        CHECK(parsed.kind == PacketClass::icmp_error);
        CHECK(parsed.v4 == flow);
    }
    SECTION("from a router on the way") {
        frame.ip_header().src_addr = ip(203, 0, 113, 1);
        frame.checksum();
        CHECK(parsed_of(frame).v4 == flow);
    }
    SECTION("that quotes somebody else's packet is the host's") {
        quoted.src_addr = ip(192, 0, 2, 99);
        CHECK(parsed_of(frame).kind == PacketClass::host);
    }
    SECTION("that quotes too little is the host's") {
        frame.ip_header().total_length = be(20 + 8 + 22);
        frame.checksum();
        frame.length(14 + 20 + 8 + 22);
        CHECK(parsed_of(frame).kind == PacketClass::host);
    }
}

TEST_CASE("an ICMPv6 error about a flow is told by the flow's key") {
    Frame frame;
    frame.ipv6(client6, vip6, IPPROTO_ICMPV6, 8 + 40 + 8);
    unsigned char* icmp = frame.data() + 54;
    auto& quoted = *reinterpret_cast<rte_ipv6_hdr*>(icmp + 8);
    quoted = header6(frame);
    std::memcpy(&quoted.src_addr, vip6.data(), 16);
    std::memcpy(&quoted.dst_addr, client6.data(), 16);
    quoted.proto = IPPROTO_TCP;
    auto* ports = reinterpret_cast<rte_udp_hdr*>(&quoted + 1);
    ports->src_port = be(80);
    ports->dst_port = be(40112);
    icmp[0] = 2; // packet too big
    CHECK(parsed_of(frame).kind == PacketClass::icmp_error);
    CHECK(parsed_of(frame).v6 == flow6);
    icmp[0] = 135; // neighbour solicitation
    CHECK(parsed_of(frame).kind == PacketClass::host);
}

TEST_CASE("a TTL goes down by one and the checksum with it, until there is none left") {
    Frame frame;
    Frame::tcp(frame, client, 40112, vip, 80, RTE_TCP_ACK_FLAG);
    for (unsigned ttl = 255; ttl > 1; --ttl) {
        for (const std::uint16_t id : {0, 1, 0x1234, 0xffff}) {
            rte_ipv4_hdr& header = frame.ip_header();
            header.time_to_live = static_cast<std::uint8_t>(ttl);
            header.packet_id = id;
            frame.checksum();
            REQUIRE(decrement_ttl(header));
            REQUIRE(header.time_to_live == ttl - 1);
            REQUIRE(rte_raw_cksum(&header, sizeof(header)) == 0xffff);
        }
    }
    frame.ip_header().time_to_live = 1;
    CHECK_FALSE(decrement_ttl(frame.ip_header()));
}

TEST_CASE("a sender is told the MTU that would do") {
    Frame frame;
    Frame::udp(frame, client, 5353, vip, 53, 1400);
    const rte_ipv4_hdr original = frame.ip_header();
    REQUIRE(turn_into_too_big(frame.packet(), 14, 1480));
    const auto& header = *rte_pktmbuf_mtod_offset(&frame.packet(), rte_ipv4_hdr*, 14);
    CHECK(header.src_addr == vip);
    CHECK(header.dst_addr == client);
    CHECK(header.next_proto_id == IPPROTO_ICMP);
    CHECK(rte_raw_cksum(&header, sizeof(header)) == 0xffff);
    const auto* icmp = reinterpret_cast<const unsigned char*>(&header + 1);
    CHECK(icmp[0] == 3);
    CHECK(icmp[1] == 4);
    CHECK((icmp[6] << 8 | icmp[7]) == 1480);
    CHECK(std::memcmp(icmp + 8, &original, sizeof(original)) == 0);
    const std::size_t length = be(header.total_length) - sizeof(header);
    CHECK(rte_raw_cksum(icmp, length) == 0xffff);
    CHECK(be(header.total_length) <= 576); // RFC 1812 4.3.2.3
}

TEST_CASE("an IPv6 sender is told the MTU that would do, within 1280 bytes") {
    Frame frame;
    Frame::over_ipv6(frame, client6, 5353, vip6, 53, IPPROTO_UDP);
    header6(frame).payload_len = be(1400);
    frame.length(14 + 40 + 1400);
    REQUIRE(turn_into_too_big(frame.packet(), 14, 1460));
    const auto& header = *rte_pktmbuf_mtod_offset(&frame.packet(), rte_ipv6_hdr*, 14);
    CHECK(std::memcmp(&header.src_addr, vip6.data(), 16) == 0);
    CHECK(std::memcmp(&header.dst_addr, client6.data(), 16) == 0);
    CHECK(header.proto == IPPROTO_ICMPV6);
    CHECK(be(header.payload_len) + 40 <= 1280);
    const auto* icmp = reinterpret_cast<const unsigned char*>(&header + 1);
    CHECK(icmp[0] == 2);
    CHECK((icmp[6] << 8 | icmp[7]) == 1460);
    CHECK(rte_ipv6_udptcp_cksum(&header, icmp) == 0);
}

} // namespace lbd::dataplane::test
