// SPDX-License-Identifier: BSD-3-Clause
#include "../unit/dataplane/packets.h"
#include "director.h"
#include "seeds.h"

namespace lbd::fuzz {

using dataplane::Ipv6;
using dataplane::test::be;
using dataplane::test::Frame;
using dataplane::test::ip;

namespace {

const rte_be32_t client = ip(198, 51, 100, 7);
const rte_be32_t vip = ip(192, 0, 2, 10);
constexpr Ipv6 client6{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7};
constexpr Ipv6 vip6{0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10};

// All services alike, as table_of() reads them.
Seed director(unsigned kind, unsigned more, unsigned backend) {
    Seed seed;
    seed.two(0);
    for (std::size_t service = 0; service < 2 * services; ++service) {
        seed.byte(kind).byte(more);
        for (std::size_t i = 0; i < backends_of_service; ++i) seed.byte(backend);
    }
    return seed;
}

void arrive(Seed& seed, Frame& frame, unsigned what = 4) {
    seed.byte(what).byte(1).two(frame.packet().data_len);
    seed.add({frame.data(), frame.packet().data_len});
}

void connection(Seed& seed, std::uint16_t port, unsigned what = 4) {
    for (const int flags : {RTE_TCP_SYN_FLAG, RTE_TCP_ACK_FLAG, RTE_TCP_FIN_FLAG | RTE_TCP_ACK_FLAG,
                            int{RTE_TCP_RST_FLAG}}) {
        Frame four;
        Frame::tcp(four, client, port, vip, 80, static_cast<std::uint8_t>(flags));
        arrive(seed, four, what);
        Frame six;
        Frame::over_ipv6(six, client6, port, vip6, 80, IPPROTO_TCP,
                         static_cast<std::uint8_t>(flags));
        arrive(seed, six, what);
    }
}

void datagrams(Seed& seed) {
    Frame four;
    Frame::udp(four, client, 5353, vip, 80, 20);
    arrive(seed, four);
    Frame six;
    Frame::over_ipv6(six, client6, 5353, vip6, 80, IPPROTO_UDP);
    arrive(seed, six);
}

void fragments(Seed& seed) {
    for (const unsigned offset : {8u, 0u, 16u}) { // the second one first
        Frame frame;
        Frame::udp(frame, client, 5353, vip, 80, 56);
        const unsigned more = offset == 16 ? 0 : 0x2000;
        frame.ip_header().fragment_offset = be(static_cast<std::uint16_t>(more | offset));
        frame.ip_header().packet_id = be(77);
        frame.checksum();
        arrive(seed, frame);
    }
}

void fragments_of_ipv6(Seed& seed) {
    for (const unsigned offset : {8u, 0u}) {
        Frame frame;
        auto* at = reinterpret_cast<std::uint8_t*>(
            &frame.ipv6(client6, vip6, IPPROTO_FRAGMENT, 8 + 16) + 1);
        const std::uint8_t header[]{IPPROTO_UDP, 0, 0, static_cast<std::uint8_t>(offset | 1),
                                    0,           0, 0, 77};
        const std::uint8_t udp[]{0x14, 0xe9, 0, 80, 0, 16, 0, 0};
        std::memcpy(at, header, sizeof(header));
        std::memcpy(at + sizeof(header), udp, sizeof(udp));
        arrive(seed, frame);
    }
}

void icmp_error(Seed& seed) {
    Frame quoted;
    Frame::tcp(quoted, vip, 80, client, 40112, RTE_TCP_ACK_FLAG);
    Frame frame;
    frame.ipv4(ip(203, 0, 113, 1), vip, IPPROTO_ICMP, 8 + 28);
    frame.l4()[0] = 3;
    frame.l4()[1] = 4;
    std::memcpy(frame.l4() + 8, &quoted.ip_header(), 28);
    arrive(seed, frame);
}

void extension_headers(Seed& seed) {
    Frame frame;
    auto* at = reinterpret_cast<std::uint8_t*>(
        &frame.ipv6(client6, vip6, IPPROTO_HOPOPTS, 8 + 8 + 20) + 1);
    at[0] = IPPROTO_DSTOPTS;
    at[8] = IPPROTO_TCP;
    at[16 + 3] = 80;
    at[16 + 12] = 5 << 4;
    at[16 + 13] = RTE_TCP_SYN_FLAG;
    arrive(seed, frame);
}

void large(Seed& seed, bool may_be_fragmented) {
    Frame frame;
    Frame::tcp(frame, client, 40112, vip, 80, RTE_TCP_SYN_FLAG, 1460);
    frame.ip_header().fragment_offset = may_be_fragmented ? 0 : RTE_BE16(0x4000);
    frame.checksum();
    arrive(seed, frame);
}

void imports(Seed& seed) {
    for (const unsigned state : {0u, 3u, 4u, 5u}) // 5: a binding
        for (const unsigned family : {0u, 1u})
            seed.byte(3)
                .byte(1)
                .byte(family | (state == 4 ? 4 : 0))
                .byte(7)
                .byte(state)
                .byte(family * 18)
                .four(9000);
}

} // namespace

void write_packets(const std::filesystem::path& corpus) {
    const auto write = [&](const char* name, Seed seed, auto... parts) {
        (parts(seed), ...);
        seed.write(corpus, "packets", name);
    };
    const auto connect = [](Seed& seed) { connection(seed, 40112); };
    const auto tagged = [](Seed& seed) { connection(seed, 40112, 4 | 8 | 32); };
    const auto segmented = [](Seed& seed) { connection(seed, 40112, 4 | 64); };
    const auto many = [](Seed& seed) {
        for (std::uint16_t port = 1; port < 100; ++port) {
            Frame frame;
            Frame::tcp(frame, client, port, vip, 80, RTE_TCP_SYN_FLAG);
            arrive(seed, frame);
        }
    };
    const auto sweep = [](Seed& seed) { seed.byte(0x81).byte(255); };
    const auto reload = [](Seed& seed) { seed.byte(0).byte(0).add(director(0, 0, 1).bytes()); };
    write("round-robin", director(0, 0, 0), connect, datagrams, sweep);
    write("weighted-least-with-thresholds", director(2 << 3, 0, 16 | 8), connect, datagrams);
    write("hash-of-the-client", director(3 << 3 | 2 << 5, 0, 0), connect, datagrams);
    write("persistence", director(0, 1 | 24 << 2, 4), connect, datagrams, sweep);
    write("limit", director(0, 2, 0), many);
    write("nobody-rejects", director(1, 0, 1), connect, datagrams);
    write("unknown-is-reset", director(3 << 1, 0, 0), connect);
    write("reset-when-down", director(0, 0, 0), connect, reload, connect);
    write("full-table", director(0, 0, 0), many);
    write("ipip-tunnel", director(0x80, 0, 1 << 5), connect, datagrams);
    write("gue-tunnel-over-ipv6", director(0x80, 0, 2 << 5 | 0x80), connect, datagrams);
    write("fragments", director(0, 0, 0), fragments, fragments_of_ipv6);
    write("icmp-error", director(0, 0, 0), connect, icmp_error);
    write("extension-headers", director(0, 0, 0), extension_headers);
    write("too-big", director(0, 0, 1 << 5), [](Seed& seed) {
        large(seed, true);
        large(seed, false);
    });
    write("vlan", director(0, 0, 0), tagged);
    write("segmented", director(0, 0, 0), segmented);
    write("told-by-a-peer", director(0, 1, 4), imports, connect, imports, sweep);
}

} // namespace lbd::fuzz
