// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/steering.h"

#include <arpa/inet.h>

#include <numeric>

#include "packets.h"
#include "tests/unit/catch.h"

namespace lbd::dataplane::test {

namespace {

// Microsoft, "Verifying the RSS Hash Calculation".
constexpr std::array<std::uint8_t, 40> rss_key{
    0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
    0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
    0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa};

// The low 16 bits of the hash come out as the queue.
Steering revealing() {
    std::vector<std::uint16_t> redirection(65536);
    std::iota(redirection.begin(), redirection.end(), std::uint16_t{0});
    return Steering::rss(rss_key, std::move(redirection));
}

rte_be32_t address4(const char* text) {
    rte_be32_t result = 0;
    inet_pton(AF_INET, text, &result);
    return result;
}

Ipv6 address6(const char* text) {
    Ipv6 result;
    inet_pton(AF_INET6, text, result.data());
    return result;
}

} // namespace

TEST_CASE("an IPv4 flow belongs to the queue that a NIC puts it in") {
    struct Vector {
        const char* source;
        std::uint16_t source_port;
        const char* destination;
        std::uint16_t destination_port;
        std::uint32_t hash;
    };
    const auto vector = GENERATE(Vector{"66.9.149.187", 2794, "161.142.100.80", 1766, 0x51ccc178},
                                 Vector{"199.92.111.2", 14230, "65.69.140.83", 4739, 0xc626b0ea},
                                 Vector{"24.19.198.95", 12898, "12.22.207.184", 38024, 0x5c2b394a});
    const KeyV4 flow{address4(vector.source),
                     address4(vector.destination),
                     be(vector.source_port),
                     be(vector.destination_port),
                     IPPROTO_TCP,
                     {}};
    CHECK(revealing().owner(flow) == (vector.hash & 0xffff));
}

TEST_CASE("an IPv6 flow belongs to the queue that a NIC puts it in") {
    struct Vector {
        const char* source;
        std::uint16_t source_port;
        const char* destination;
        std::uint16_t destination_port;
        std::uint32_t hash;
    };
    const auto vector =
        GENERATE(Vector{"3ffe:2501:200:1fff::7", 2794, "3ffe:2501:200:3::1", 1766, 0x40207d3d},
                 Vector{"3ffe:501:8::260:97ff:fe40:efab", 14230, "ff02::1", 4739, 0xdde51bbf},
                 Vector{"3ffe:1900:4545:3:200:f8ff:fe21:67cf", 44251, "fe80::200:f8ff:fe21:67cf",
                        38024, 0x02d1feef});
    const KeyV6 flow{address6(vector.source),
                     address6(vector.destination),
                     be(vector.source_port),
                     be(vector.destination_port),
                     IPPROTO_TCP,
                     {}};
    CHECK(revealing().owner(flow) == (vector.hash & 0xffff));
}

TEST_CASE("without a NIC's help flows are spread evenly, each always to the same worker") {
    const HashSecret secret{0x9e3779b97f4a7c15u, 0xd6e8feb86659fd93u};
    const Steering steering = Steering::software(4, secret);
    CHECK_FALSE(steering.by_nic());
    std::array<unsigned, 4> owned{};
    for (std::uint32_t number = 0; number < 40'000; ++number) {
        const KeyV4 flow{number, 1, 2, 3, IPPROTO_TCP, {}};
        ++owned.at(steering.owner(flow));
        REQUIRE(steering.owner(flow) == Steering::software(4, secret).owner(flow));
    }
    for (const unsigned count : owned) CHECK(count == Catch::Approx(10'000).epsilon(0.05));
}

} // namespace lbd::dataplane::test
