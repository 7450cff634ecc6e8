// SPDX-License-Identifier: BSD-3-Clause
// What the kernel says of this process.
#pragma once

#include <cstdint>

namespace lbd::control::metrics {

struct Process {
    double cpu_seconds = 0;
    std::uint64_t resident_bytes = 0;
    std::uint64_t virtual_bytes = 0;
    std::uint64_t open_descriptors = 0;
    std::uint64_t most_descriptors = 0;
    double start_seconds = 0; // since the epoch

    static Process look();
};

} // namespace lbd::control::metrics
