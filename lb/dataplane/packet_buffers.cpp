// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/packet_buffers.h"

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mbuf_pool_ops.h>
#include <unistd.h>

namespace lbd::dataplane {

namespace {

// DPDK lets no buffer cross a page, so that of small pages each has one buffer, and a rest.
// AF_XDP's driver reckons with buffers side by side and registers that much memory with the kernel:
// what lies beyond, two fifths of them, the kernel takes and never gives back. A buffer that fills
// its page leaves no rest. Of huge pages the rest is one buffer in some hundreds, which does no
// harm.
unsigned size_of(const PacketBuffers& wanted, unsigned flags) {
    const unsigned least =
        static_cast<unsigned>(sizeof(rte_mbuf)) + wanted.private_size + wanted.room;
    if (rte_eal_has_hugepages() != 0) return least;
    const auto page = static_cast<unsigned>(getpagesize());
    const unsigned whole = rte_mempool_calc_obj_size(least, flags, nullptr);
    return whole >= page ? least : least + page - whole;
}

} // namespace

// As rte_pktmbuf_pool_create() does, which has no flags.
rte_mempool* make_packet_buffers(const PacketBuffers& wanted) {
    // Nor is there padding to spread them over memory channels.
    const unsigned flags = rte_eal_has_hugepages() != 0 ? 0 : RTE_MEMPOOL_F_NO_SPREAD;
    const unsigned size = size_of(wanted, flags);
    rte_mempool* pool =
        rte_mempool_create_empty(wanted.name.c_str(), wanted.count, size, wanted.cache,
                                 sizeof(rte_pktmbuf_pool_private), wanted.socket, flags);
    if (pool == nullptr) return nullptr;
    rte_pktmbuf_pool_private contents{};
    contents.mbuf_priv_size = wanted.private_size;
    contents.mbuf_data_room_size =
        static_cast<std::uint16_t>(size - sizeof(rte_mbuf) - wanted.private_size);
    int result = rte_mempool_set_ops_byname(pool, rte_mbuf_best_mempool_ops(), nullptr);
    if (result == 0) {
        rte_pktmbuf_pool_init(pool, &contents);
        result = rte_mempool_populate_default(pool);
    }
    if (result < 0) {
        rte_mempool_free(pool);
        rte_errno = -result;
        return nullptr;
    }
    rte_mempool_obj_iter(pool, rte_pktmbuf_init, nullptr);
    return pool;
}

} // namespace lbd::dataplane
