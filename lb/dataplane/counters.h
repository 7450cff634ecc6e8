// SPDX-License-Identifier: BSD-3-Clause
// Counters of one worker. The worker alone writes them, with plain stores; any thread may read.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

#include "lb/dataplane/drop_reason.h"
#include "lb/dataplane/forwarding_table.h"

namespace lbd::dataplane {

// A number with one writer: increments without a locked instruction, reads without tearing.
class Counter {
  public:
    void add(std::uint64_t amount) {
        value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
    }
    void subtract(std::uint64_t amount) { add(~amount + 1); }
    std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

  private:
    std::atomic<std::uint64_t> value_{0};
};

struct BackendCounters {
    Counter packets;
    Counter bytes;
    Counter connections;
    Counter active;     // ESTABLISHED now
    Counter inactive;   // any other flow now
    Counter persistent; // clients bound to it now
    Counter opened;     // connections that began with a SYN
    Counter confirmed;  // those of them that had a second packet from the client
};

struct alignas(64) WorkerCounters {
    std::array<Counter, drop_reason_count> drops;
    // What came in, was made or handed down is what went out, was dropped or is held:
    // received + from_host + split + answered == sent + punted + drops + fragments_held.
    Counter received;
    Counter sent;           // taken by the ports
    Counter split;          // pieces that a packet was cut into, beyond the first
    Counter answered;       // dropped, and their senders told
    Counter fragments_held; // now, until their first fragment comes
    Counter forwarded;      // given to the transmit queue towards a backend
    Counter stateless;      // of the forwarded: chosen by consistent hash, without a flow
    Counter punted;
    Counter from_host;
    Counter from_host_discarded; // not among the above
    Counter handed_over;
    Counter polls;
    Counter busy_cycles; // spent in rounds that found packets
    Counter cycles;
    Counter flows;
    Counter flows6;
    Counter evicted; // half-open flows that gave way to new ones
    Counter persistence_entries;
    std::vector<BackendCounters> backends{max_backends};
    std::vector<Counter> service_drops{max_services}; // for want of a backend

    void count(BackendSlot backend, std::uint32_t bytes) {
        backends[backend].packets.add(1);
        backends[backend].bytes.add(bytes);
    }
};

} // namespace lbd::dataplane
