// SPDX-License-Identifier: BSD-3-Clause
#include "vrrp/gratuitous_arp.h"

#include "tests/unit/catch.h"

using namespace lbd::vrrp;

TEST_CASE("A gratuitous ARP is a broadcast request of an address for itself") {
    const auto frame = gratuitous_arp({2, 0, 0, 0, 0, 7}, boost::asio::ip::address_v4(0x0a000064u));
    const std::array<std::uint8_t, 42> expected{
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2,  0, 0, 0,   0, 7, 0x08, 0x06, // Ethernet
        0,    1,    0x08, 0,    6,    4,    0,  1,                           // a request
        2,    0,    0,    0,    0,    7,    10, 0, 0, 100,                   // from the VIP
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 10, 0, 0, 100};                  // for the VIP
    CHECK(frame == expected);
}

TEST_CASE("Nothing is announced on an interface that does not exist") {
    CHECK_THROWS_AS(Announcer("lbd-no-such-if"), std::system_error);
}
