// SPDX-License-Identifier: BSD-3-Clause
// How many packets wait for another thread at most: workers forward with what is left of a port's
// buffers when the others take nothing.
#pragma once

#include <algorithm>
#include <bit>

namespace lbd::dataplane {

constexpr unsigned handoff_ring_size = 1024;   // from one worker to another
constexpr unsigned most_held_fragments = 1024; // of a worker, until their first fragment comes
constexpr unsigned longest_host_ring = 1024;   // between a worker and a companion interface
constexpr unsigned shortest_host_ring = 64;    // room for a burst

// The networks of a port share what may wait: a trunk with many has shorter rings.
constexpr unsigned host_ring_size(unsigned networks) {
    return std::max(shortest_host_ring, longest_host_ring / std::bit_ceil(std::max(networks, 1U)));
}

// A port's packets in rings that are full: of the host, each network's from each worker and one
// back, as if its thread hung; of a worker that hangs, from each other one; and fragments.
constexpr unsigned waiting_packets(unsigned networks, unsigned workers) {
    return networks * (workers + 1) * host_ring_size(networks) + (workers - 1) * handoff_ring_size +
           workers * most_held_fragments;
}

} // namespace lbd::dataplane
