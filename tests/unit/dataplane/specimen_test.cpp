// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/specimen.h"

#include "packets.h"
#include "tests/unit/catch.h"

namespace lbd::dataplane::test {

namespace {

const KeyV4 ipv4{ip(198, 51, 100, 7), ip(192, 0, 2, 10), be(40000), be(80), IPPROTO_TCP, {}};
const KeyV6 ipv6{
    {0x20, 1, 0x0d, 0xb8, 1}, {0x20, 1, 0x0d, 0xb8, 2}, be(40000), be(53), IPPROTO_UDP, {}};

template <class Key>
Parsed parsed(Key key, std::uint8_t protocol) {
    key.protocol = protocol;
    return parsed_specimen(key, own_mac, own_macs);
}

} // namespace

TEST_CASE("a specimen of TCP or UDP is read as a packet of its flow") {
    for (const std::uint8_t protocol : {IPPROTO_TCP, IPPROTO_UDP}) {
        const Parsed four = parsed(ipv4, protocol);
        CHECK(four.kind == PacketClass::flow);
        CHECK(four.v4.client == ipv4.client);
        CHECK(four.v4.vip_port == ipv4.vip_port);
        CHECK(four.v4.protocol == protocol);
        const Parsed six = parsed(ipv6, protocol);
        CHECK(six.kind == PacketClass::flow);
        CHECK(six.ipv6);
        CHECK(six.v6.vip == ipv6.vip);
        CHECK(six.v6.client_port == ipv6.client_port);
    }
    CHECK(parsed(ipv4, IPPROTO_TCP).tcp_flags == RTE_TCP_SYN_FLAG);
}

TEST_CASE("a specimen of ICMP is the host's") {
    CHECK(parsed(ipv4, IPPROTO_ICMP).kind == PacketClass::host);
    CHECK(parsed(ipv6, IPPROTO_ICMPV6).kind == PacketClass::host);
}

TEST_CASE("a specimen from an address that no client can have is malformed, as such a packet is") {
    KeyV4 loopback = ipv4;
    loopback.client = ip(127, 0, 0, 1);
    const Parsed four = parsed(loopback, IPPROTO_TCP);
    CHECK(four.kind == PacketClass::malformed);
    CHECK(four.reason == DropReason::bad_source);
    KeyV6 multicast = ipv6;
    multicast.client[0] = 0xff;
    CHECK(parsed(multicast, IPPROTO_TCP).reason == DropReason::bad_source);
}

} // namespace lbd::dataplane::test
