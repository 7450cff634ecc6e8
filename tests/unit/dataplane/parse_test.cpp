// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/parse.h"

#include <functional>
#include <string>

#include "lb/dataplane/answer.h"
#include "packets.h"
#include "tests/unit/catch.h"

namespace lbd::dataplane::test {

namespace {

Parsed parse(const rte_mbuf& packet, const OwnMacs& own) {
    Parsed parsed;
    parsed.reason = DropReason::none;
    dataplane::parse(packet, own, parsed);
    return parsed;
}

} // namespace

TEST_CASE("a TCP packet parses to its flow key and flags") {
    Frame frame;
    Frame::tcp(frame, client, 40112, vip, 80, RTE_TCP_SYN_FLAG);
    const Parsed parsed = parse(frame.packet(), own_macs);
    CHECK(parsed.kind == PacketClass::flow);
    CHECK(parsed.v4 == KeyV4{client, vip, be(40112), be(80), IPPROTO_TCP, {}});
    CHECK(parsed.tcp_flags == RTE_TCP_SYN_FLAG);
    CHECK(parsed.l4_offset == 34);
}

TEST_CASE("a UDP packet parses to its flow key, Ethernet padding behind it or not") {
    Frame frame;
    Frame::udp(frame, client, 5353, vip, 53, 1);
    frame.length(60);
    const Parsed parsed = parse(frame.packet(), own_macs);
    CHECK(parsed.kind == PacketClass::flow);
    CHECK(parsed.v4 == KeyV4{client, vip, be(5353), be(53), IPPROTO_UDP, {}});
}

TEST_CASE("IP options are stepped over") {
    Frame frame;
    Frame::tcp(frame, client, 1, vip, 80, RTE_TCP_ACK_FLAG, 4);
    std::memmove(frame.l4() + 4, frame.l4(), 20);
    std::memset(frame.l4(), 1, 4); // four no-operation options
    frame.ip_header().version_ihl = 0x46;
    frame.checksum();
    const auto length = static_cast<std::uint16_t>(24);
    frame.ip_header().hdr_checksum = 0;
    frame.ip_header().hdr_checksum =
        static_cast<std::uint16_t>(~rte_raw_cksum(&frame.ip_header(), length));
    const Parsed parsed = parse(frame.packet(), own_macs);
    CHECK(parsed.kind == PacketClass::flow);
    CHECK(parsed.l4_offset == 38);
    CHECK(parsed.v4.vip_port == be(80));
}

TEST_CASE("what is not unicast IPv4 TCP or UDP is the host's") {
    Frame frame;
    Frame::tcp(frame, client, 1, vip, 80, 0);
    SECTION("ARP") {
        frame.ethernet().ether_type = be(RTE_ETHER_TYPE_ARP);
    }
    SECTION("broadcast") {
        std::memset(&frame.ethernet().dst_addr, 0xff, 6);
    }
    SECTION("VRRP by multicast") {
        frame.ethernet().dst_addr = {{1, 0, 0x5e, 0, 0, 18}};
    }
    SECTION("ICMP") {
        frame.ipv4(client, vip, IPPROTO_ICMP, 8);
    }
    CHECK(parse(frame.packet(), own_macs).kind == PacketClass::host);
}

TEST_CASE("any piece of a fragmented datagram is a fragment") {
    Frame frame;
    Frame::udp(frame, client, 1, vip, 53, 64);
    const std::uint16_t field = GENERATE(RTE_IPV4_HDR_MF_FLAG, 1, RTE_IPV4_HDR_MF_FLAG | 185);
    frame.ip_header().fragment_offset = be(field);
    frame.checksum();
    const Parsed parsed = parse(frame.packet(), own_macs);
    const bool first = field == RTE_IPV4_HDR_MF_FLAG;
    CHECK(parsed.kind == (first ? PacketClass::flow : PacketClass::fragment));
    CHECK(parsed.first_fragment == first);
    CHECK(parsed.v4.vip == vip);
    CHECK(parsed.v4.vip_port == (first ? be(53) : 0));
}

TEST_CASE("a malformed frame is told by its reason") {
    struct Case {
        DropReason reason;
        std::function<void(Frame&)> spoil;
    };
    const std::vector<Case> cases{
        {DropReason::truncated_ethernet, [](Frame& f) { f.length(13); }},
        {DropReason::truncated_ethernet, [](Frame& f) { f.length(0); }},
        {DropReason::wrong_mac, [](Frame& f) { f.ethernet().dst_addr = client_mac; }},
        {DropReason::truncated_ethernet,
         [](Frame& f) { f.ethernet().ether_type = be(RTE_ETHER_TYPE_VLAN), f.length(17); }},
        {DropReason::truncated_ip, [](Frame& f) { f.length(33); }},
        {DropReason::bad_ip_version,
         [](Frame& f) { f.ip_header().version_ihl = 0x65, f.checksum(); }},
        {DropReason::bad_ip_header_length, [](Frame& f) { f.ip_header().version_ihl = 0x44; }},
        {DropReason::truncated_ip,
         [](Frame& f) { f.ip_header().version_ihl = 0x4f, f.length(60); }},
        {DropReason::bad_ip_length,
         [](Frame& f) { f.ip_header().total_length = be(19), f.checksum(); }},
        {DropReason::bad_ip_length,
         [](Frame& f) { f.ip_header().total_length = be(1500), f.checksum(); }},
        {DropReason::bad_ip_checksum, [](Frame& f) { f.ip_header().hdr_checksum ^= 1; }},
        {DropReason::bad_source,
         [](Frame& f) { f.ip_header().src_addr = ip(127, 0, 0, 1), f.checksum(); }},
        {DropReason::bad_source,
         [](Frame& f) { f.ip_header().src_addr = ip(224, 0, 0, 1), f.checksum(); }},
        {DropReason::bad_source, [](Frame& f) { f.ip_header().src_addr = 0, f.checksum(); }},
        {DropReason::truncated_l4,
         [](Frame& f) { f.ip_header().total_length = be(39), f.checksum(); }},
        {DropReason::bad_tcp_header_length, [](Frame& f) { f.tcp_header().data_off = 4 << 4; }},
        {DropReason::bad_tcp_header_length, [](Frame& f) { f.tcp_header().data_off = 15 << 4; }},
        {DropReason::truncated_l4,
         [](Frame& f) {
             Frame::udp(f, client, 1, vip, 1, 0), f.ip_header().total_length = be(27), f.checksum();
         }},
        {DropReason::bad_udp_length,
         [](Frame& f) { Frame::udp(f, client, 1, vip, 1), f.l4()[5] = 7; }},
        {DropReason::bad_udp_length,
         [](Frame& f) { Frame::udp(f, client, 1, vip, 1), f.l4()[5] = 200; }},
    };
    for (const Case& one : cases) {
        Frame frame;
        Frame::tcp(frame, client, 1, vip, 80, RTE_TCP_ACK_FLAG);
        one.spoil(frame);
        const Parsed parsed = parse(frame.packet(), own_macs);
        INFO("expected " << describe(one.reason).name << ", found "
                         << describe(parsed.reason).name);
        CHECK(parsed.kind == PacketClass::malformed);
        CHECK(parsed.reason == one.reason);
    }
}

TEST_CASE("no prefix of a frame makes the parser read beyond it") {
    for (std::uint16_t length = 0; length < 60; ++length) {
        Frame frame;
        Frame::tcp(frame, client, 1, vip, 80, RTE_TCP_ACK_FLAG, 6);
        frame.length(length);
        CHECK(parse(frame.packet(), own_macs).kind == PacketClass::malformed);
    }
}

TEST_CASE("a SYN is refused by a RST that acknowledges it") {
    Frame frame;
    Frame::tcp(frame, client, 40112, vip, 80, RTE_TCP_SYN_FLAG);
    REQUIRE(turn_into_reset(frame.packet(), 14, 34));
    CHECK(frame.packet().pkt_len == 54);
    CHECK(frame.ip_header().src_addr == vip);
    CHECK(frame.ip_header().dst_addr == client);
    CHECK(rte_raw_cksum(&frame.ip_header(), 20) == 0xffff);
    CHECK(frame.tcp_header().tcp_flags == (RTE_TCP_RST_FLAG | RTE_TCP_ACK_FLAG));
    CHECK(frame.tcp_header().recv_ack == Frame::be32(1001));
    CHECK(frame.tcp_header().dst_port == be(40112));
    const std::uint16_t sent = frame.tcp_header().cksum;
    frame.tcp_header().cksum = 0;
    CHECK(rte_ipv4_udptcp_cksum(&frame.ip_header(), &frame.tcp_header()) == sent);
    CHECK(rte_is_same_ether_addr(&frame.ethernet().dst_addr, &client_mac));
}

TEST_CASE("an ACK is refused by a RST at the number that it acknowledges") {
    Frame frame;
    Frame::tcp(frame, client, 40112, vip, 80, RTE_TCP_ACK_FLAG, 100);
    REQUIRE(turn_into_reset(frame.packet(), 14, 34));
    CHECK(frame.tcp_header().tcp_flags == RTE_TCP_RST_FLAG);
    CHECK(frame.tcp_header().sent_seq == Frame::be32(2000));
}

TEST_CASE("a RST is never answered") {
    Frame frame;
    Frame::tcp(frame, client, 40112, vip, 80, RTE_TCP_RST_FLAG);
    CHECK_FALSE(turn_into_reset(frame.packet(), 14, 34));
}

TEST_CASE("a datagram is refused by an ICMP port unreachable that quotes it") {
    Frame frame;
    Frame::udp(frame, client, 5353, vip, 53, 100);
    std::array<unsigned char, 128> asked{};
    std::memcpy(asked.data(), &frame.ip_header(), asked.size());
    REQUIRE(turn_into_port_unreachable(frame.packet(), 14));
    CHECK(frame.packet().pkt_len == 14 + 20 + 8 + 128);
    const auto* ip_header = rte_pktmbuf_mtod_offset(&frame.packet(), const rte_ipv4_hdr*, 14);
    const auto* icmp = reinterpret_cast<const unsigned char*>(ip_header + 1);
    CHECK(ip_header->next_proto_id == IPPROTO_ICMP);
    CHECK(ip_header->src_addr == vip);
    CHECK(icmp[0] == 3);
    CHECK(icmp[1] == 3);
    CHECK(rte_raw_cksum(icmp, 8 + 128) == 0xffff);
    CHECK(std::memcmp(icmp + 8, asked.data(), asked.size()) == 0);
}

} // namespace lbd::dataplane::test
