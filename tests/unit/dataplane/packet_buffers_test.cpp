// SPDX-License-Identifier: BSD-3-Clause
// Needs EAL, and is therefore a program of its own.
#include "lb/dataplane/packet_buffers.h"

#include <rte_eal.h>
#include <rte_mempool.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>

#include "tests/unit/catch.h"

namespace lbd::dataplane {

namespace {

void start_eal() {
    std::array<std::string, 7> words{"test",     "--no-huge",     "-m", "128", "--no-shconf",
                                     "--no-pci", "--no-telemetry"};
    std::array<char*, words.size()> arguments{};
    std::transform(words.begin(), words.end(), arguments.begin(),
                   [](std::string& word) { return word.data(); });
    static const int started = rte_eal_init(static_cast<int>(words.size()), arguments.data());
    REQUIRE(started >= 0);
}

struct Extent {
    std::uintptr_t begin, end;
};

Extent extent_of(rte_mempool& pool) {
    Extent extent{UINTPTR_MAX, 0};
    rte_mempool_obj_iter(
        &pool,
        [](rte_mempool* of, void* argument, void* object, unsigned) {
            auto& all = *static_cast<Extent*>(argument);
            const auto begin = reinterpret_cast<std::uintptr_t>(object) - of->header_size;
            all.begin = std::min(all.begin, begin);
            all.end = std::max(all.end, begin + of->header_size + of->elt_size + of->trailer_size);
        },
        &extent);
    return extent;
}

} // namespace

TEST_CASE("all packet buffers are within the memory that AF_XDP's driver shows to the kernel") {
    start_eal();
    const std::uint16_t room = GENERATE(std::uint16_t{2176}, std::uint16_t{3000});
    rte_mempool* pool = make_packet_buffers(
        {"buffers-" + std::to_string(room), 4096, 256, 64, room, SOCKET_ID_ANY});
    REQUIRE(pool != nullptr);
    const Extent extent = extent_of(*pool);
    // DPDK: xdp_umem_configure. The kernel takes whole pages.
    const std::size_t shown = std::size_t{pool->populated_size} *
                              rte_mempool_calc_obj_size(pool->elt_size, pool->flags, nullptr);
    const auto begin = reinterpret_cast<std::uintptr_t>(STAILQ_FIRST(&pool->mem_list)->addr);
    CHECK(extent.begin >= begin);
    CHECK(extent.end <= RTE_ALIGN_CEIL(begin + shown, std::uintptr_t{4096}));
    CHECK(rte_mempool_calc_obj_size(pool->elt_size, pool->flags, nullptr) <= 4096);
    CHECK(rte_pktmbuf_data_room_size(pool) >= room);
    rte_mempool_free(pool);
}

} // namespace lbd::dataplane
