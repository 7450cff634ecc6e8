// SPDX-License-Identifier: BSD-3-Clause
// Which packets a trace is of, and how much of them is told.
#include "lb/dataplane/trace.h"

#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <set>
#include <string_view>

#include "packets.h"
#include "tests/unit/catch.h"

namespace lbd::dataplane::test {

namespace {

constexpr rte_be32_t traced_client = ip(192, 0, 2, 7);
constexpr rte_be32_t router = ip(203, 0, 113, 1);
constexpr rte_be32_t traced_vip = ip(198, 51, 100, 1);

std::optional<TracedPacket> seen(Frame& frame) {
    Parsed parsed;
    parse(frame.packet(), own_macs, parsed);
    return traced_packet(frame.packet(), parsed);
}

TraceWish wish(rte_be32_t address, std::uint16_t port = 0) {
    return {ForwardingTable::widened(address), false, be(port)};
}

} // namespace

TEST_CASE("a trace is of its client's packets, whatever their port") {
    Frame frame;
    Frame::tcp(frame, traced_client, 40000, traced_vip, 80, RTE_TCP_SYN_FLAG);
    const auto packet = seen(frame);
    REQUIRE(packet);
    CHECK(packet->client_port == be(40000));
    CHECK(packet->port == be(80));
    CHECK(packet->tcp_flags == RTE_TCP_SYN_FLAG);
    CHECK(packet->destination == ForwardingTable::widened(traced_vip));
    CHECK(wish(traced_client).matches(*packet));
    CHECK_FALSE(wish(router).matches(*packet));
    CHECK_FALSE(wish(traced_vip).matches(*packet));
}

TEST_CASE("a trace with a port is of that port") {
    Frame frame;
    Frame::udp(frame, traced_client, 40000, traced_vip, 53);
    CHECK(wish(traced_client, 40000).matches(*seen(frame)));
    CHECK_FALSE(wish(traced_client, 53).matches(*seen(frame)));
    CHECK_FALSE(wish(traced_client, 40001).matches(*seen(frame)));
}

TEST_CASE("an IPv4 client is not the IPv6 client with the same first bytes") {
    Frame frame;
    const Ipv6 address = ForwardingTable::widened(traced_client);
    Frame::over_ipv6(frame, address, 40000, {0x20, 1}, 80, IPPROTO_TCP);
    const TraceWish ipv6{address, true, 0};
    CHECK(ipv6.matches(*seen(frame)));
    CHECK_FALSE(wish(traced_client).matches(*seen(frame)));
    Frame other;
    Frame::tcp(other, traced_client, 40000, traced_vip, 80, RTE_TCP_SYN_FLAG);
    CHECK_FALSE(ipv6.matches(*seen(other)));
}

TEST_CASE("an ICMP error about a client's flow belongs to the client, and to who sent it") {
    Frame frame;
    frame.ipv4(router, traced_vip, IPPROTO_ICMP, 8 + 28);
    frame.l4()[0] = 3;
    rte_ipv4_hdr quoted{};
    quoted.version_ihl = 0x45;
    quoted.next_proto_id = IPPROTO_TCP;
    quoted.src_addr = traced_vip;
    quoted.dst_addr = traced_client;
    std::memcpy(frame.l4() + 8, &quoted, sizeof(quoted));
    const std::array<std::uint16_t, 2> ports{be(80), be(40000)};
    std::memcpy(frame.l4() + 8 + sizeof(quoted), ports.data(), sizeof(ports));
    const auto packet = seen(frame);
    REQUIRE(packet);
    CHECK(packet->kind == PacketClass::icmp_error);
    CHECK(wish(traced_client).matches(*packet));
    CHECK(wish(traced_client, 40000).matches(*packet));
    CHECK_FALSE(wish(traced_client, 40001).matches(*packet));
    CHECK(wish(router).matches(*packet));
}

TEST_CASE("what is malformed is traced if its source can be read") {
    Frame frame;
    Frame::tcp(frame, traced_client, 40000, traced_vip, 80, RTE_TCP_SYN_FLAG);
    frame.ip_header().hdr_checksum ^= 1;
    auto packet = seen(frame);
    REQUIRE(packet);
    CHECK(packet->kind == PacketClass::malformed);
    CHECK(wish(traced_client, 40000).matches(*packet));
    CHECK_FALSE(wish(traced_client, 40001).matches(*packet));

    frame.length(sizeof(rte_ether_hdr) + sizeof(rte_ipv4_hdr) + 3); // within the ports
    packet = seen(frame);
    REQUIRE(packet);
    CHECK_FALSE(packet->has_ports);
    CHECK(wish(traced_client, 40001).matches(*packet)); // may be

    frame.length(sizeof(rte_ether_hdr) + sizeof(rte_ipv4_hdr) - 1);
    CHECK_FALSE(seen(frame));
    frame.length(3);
    CHECK_FALSE(seen(frame));
}

TEST_CASE("a later fragment has no ports, so it may be of any") {
    Frame frame;
    Frame::udp(frame, traced_client, 40000, traced_vip, 53);
    frame.ip_header().fragment_offset = be(100);
    frame.checksum();
    const auto packet = seen(frame);
    REQUIRE(packet);
    CHECK(packet->kind == PacketClass::fragment);
    CHECK_FALSE(packet->has_ports);
    CHECK(wish(traced_client, 1).matches(*packet));
    CHECK_FALSE(wish(router, 1).matches(*packet));
}

TEST_CASE("no byte beyond a short frame is read, whatever its length") {
    Frame whole;
    Frame::over_ipv6(whole, {0x20, 1}, 1, {0x20, 2}, 80, IPPROTO_TCP, RTE_TCP_SYN_FLAG);
    const std::uint16_t length = whole.packet().data_len;
    for (std::uint16_t cut = 0; cut < length; ++cut) {
        // On the heap, where a sanitizer sees its end.
        const auto bytes = std::make_unique<std::uint8_t[]>(cut == 0 ? 1 : cut);
        std::memcpy(bytes.get(), whole.data(), cut);
        rte_mbuf packet{};
        packet.buf_addr = bytes.get();
        packet.nb_segs = 1;
        packet.data_len = cut;
        packet.pkt_len = cut;
        Parsed parsed;
        parse(packet, own_macs, parsed);
        CHECK(traced_packet(packet, parsed).has_value() == (cut >= 54));
    }
}

TEST_CASE("tokens come at the rate, and a second's worth is there at once") {
    const std::uint32_t rate = GENERATE(1, 7, 100, 10'000);
    TokenBucket bucket(rate);
    const auto taken = [&](Tick now) {
        std::uint32_t count = 0;
        while (bucket.take(now)) ++count;
        return count;
    };
    Tick now = 1'000'000;
    CHECK(taken(now) == rate);
    CHECK(taken(now) == 0);
    std::uint32_t count = 0;
    for (unsigned tick = 0; tick < 10 * ticks_per_second; ++tick) count += taken(++now);
    CHECK(count == 10 * rate);
    now += 1000 * ticks_per_second; // rest is not saved up
    CHECK(taken(now) == rate);
}

TEST_CASE("tokens come across the wrap of time") {
    TokenBucket bucket(1);
    CHECK(bucket.take(0xfffffffe));
    CHECK_FALSE(bucket.take(0xffffffff));
    CHECK(bucket.take(0xfffffffe + ticks_per_second));
}

TEST_CASE("a worker whose reader does not come counts what it leaves out, and takes no room") {
    TraceChannel channel(10'000);
    unsigned told = 0;
    for (unsigned packet = 0; packet < 2000; ++packet) {
        if (!channel.admits(1)) continue;
        REQUIRE(channel.records.push(TraceRecord{}));
        ++told;
    }
    CHECK(told == TraceChannel::ring_size - 1);
    CHECK(channel.left_out.get() == 2000 - told);
    std::array<TraceRecord, TraceChannel::ring_size> records;
    CHECK(channel.records.pop(records.data(), records.size()) == told);
    CHECK(channel.admits(1));
}

TEST_CASE("a worker counts what is beyond the rate as left out") {
    TraceChannel channel(5);
    unsigned told = 0;
    for (unsigned packet = 0; packet < 20; ++packet) told += channel.admits(1) ? 1 : 0;
    CHECK(told == 5);
    CHECK(channel.left_out.get() == 15);
}

TEST_CASE("every reason of a trace has a name of its own and a text") {
    std::set<std::string_view> names;
    for (const WhyText& why : why_texts) {
        CHECK(names.insert(why.name).second);
        CHECK((why.text.empty() == (why.name == "dropped")));
    }
}

} // namespace lbd::dataplane::test
