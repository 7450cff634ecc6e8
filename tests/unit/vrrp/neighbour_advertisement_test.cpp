// SPDX-License-Identifier: BSD-3-Clause
#include "vrrp/neighbour_advertisement.h"

#include "tests/unit/catch.h"

using namespace lbd::vrrp;

// The bytes are scapy's.
TEST_CASE("An unsolicited neighbour advertisement overrides what all nodes know") {
    const auto frame = neighbour_advertisement({2, 0, 0, 0, 0, 7},
                                               boost::asio::ip::make_address_v6("2001:db8::64"));
    const std::array<std::uint8_t, 86> expected{
        0x33, 0x33, 0,    0,    0,    1,  2,  0,   0, 0, 0, 7, 0x86, 0xdd,          // Ethernet
        0x60, 0,    0,    0,    0,    32, 58, 255,                                  // IPv6
        0x20, 0x01, 0x0d, 0xb8, 0,    0,  0,  0,   0, 0, 0, 0, 0,    0,    0, 0x64, // from the VIP
        0xff, 0x02, 0,    0,    0,    0,  0,  0,   0, 0, 0, 0, 0,    0,    0, 1,    // to all nodes
        136,  0,    0xf8, 0x5e, 0x20, 0,  0,  0,                                    // override
        0x20, 0x01, 0x0d, 0xb8, 0,    0,  0,  0,   0, 0, 0, 0, 0,    0,    0, 0x64, // target
        2,    1,    2,    0,    0,    0,  0,  7}; // link-layer address
    CHECK(frame == expected);
}
