// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/own_macs.h"

#include "tests/unit/catch.h"

namespace lbd::dataplane::test {

namespace {

rte_ether_addr virtual_of(std::uint8_t family, std::uint8_t vrid) {
    return {{0, 0, 0x5e, 0, family, vrid}};
}

} // namespace

TEST_CASE("a port takes its own address, and those of the virtual routers that are master") {
    const rte_ether_addr own{{2, 0, 0, 0, 0, 1}};
    OwnMacs macs(own);
    CHECK(macs.contains(OwnMacs::word_of(own)));
    for (const std::uint8_t family : {1, 2})
        for (unsigned vrid = 0; vrid < 256; ++vrid) {
            const auto address = virtual_of(family, static_cast<std::uint8_t>(vrid));
            CHECK_FALSE(macs.contains(OwnMacs::word_of(address)));
            macs.set(address, true);
            for (const std::uint8_t other : {1, 2})
                for (unsigned second = 0; second < 256; ++second)
                    if (macs.contains(OwnMacs::word_of(
                            virtual_of(other, static_cast<std::uint8_t>(second)))) !=
                        (other == family && second == vrid))
                        FAIL(second);
            macs.set(address, false);
        }
    CHECK(macs.contains(OwnMacs::word_of(own)));
}

TEST_CASE("no other address can be taken") {
    OwnMacs macs(rte_ether_addr{{2, 0, 0, 0, 0, 1}});
    for (const rte_ether_addr& address :
         {rte_ether_addr{{2, 0, 0, 0, 0, 2}}, rte_ether_addr{{0, 0, 0x5e, 0, 3, 7}},
          rte_ether_addr{{0, 0, 0x5e, 1, 1, 7}}, rte_ether_addr{{1, 0, 0x5e, 0, 1, 7}}}) {
        macs.set(address, true);
        CHECK_FALSE(macs.contains(OwnMacs::word_of(address)));
    }
}

} // namespace lbd::dataplane::test
