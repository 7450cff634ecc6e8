// SPDX-License-Identifier: BSD-3-Clause
// What the targets have in common: each is this one function, which libFuzzer or replay.cpp calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

// Returns 0. Ends the process if what it tests breaks a promise.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace lbd::fuzz {

// In every build, unlike assert.
inline void require(bool holds, const char* promise) {
    if (holds) return;
    std::fprintf(stderr, "broken promise: %s\n", promise);
    std::abort();
}

} // namespace lbd::fuzz
