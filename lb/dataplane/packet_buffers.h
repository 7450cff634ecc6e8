// SPDX-License-Identifier: BSD-3-Clause
// The packet buffers of a port.
#pragma once

#include <rte_mbuf.h>

#include <cstdint>
#include <string>

namespace lbd::dataplane {

struct PacketBuffers {
    std::string name;
    unsigned count;
    unsigned cache; // buffers that a worker keeps for itself
    std::uint16_t private_size;
    std::uint16_t room; // bytes for headroom and frame, at least
    int socket;         // NUMA node
};

// Null, with the reason in rte_errno, if there is not enough memory. The caller frees it.
rte_mempool* make_packet_buffers(const PacketBuffers& wanted);

} // namespace lbd::dataplane
