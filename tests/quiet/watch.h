// SPDX-License-Identifier: BSD-3-Clause
// Counts what a thread asks of the C library's and DPDK's allocators, and of the kernel.
#pragma once

#include <cstdint>

namespace lbd::quiet {

// For good: every system call of the calling thread but the return from a signal is counted and not
// carried out. The thread cannot even end; only the process can.
void trap_system_calls();

// Whether the calling thread's allocations are counted.
void watch_allocations(bool watch);

struct Counts {
    std::uint64_t allocations; // malloc, free, new, rte_malloc and their like
    std::uint64_t system_calls;
    int last_system_call; // its number
};
// Any thread.
Counts counts();

} // namespace lbd::quiet
