// SPDX-License-Identifier: BSD-3-Clause
// What another thread wants of a worker that only the worker can do, as nobody else reads its
// tables. It is done between bursts, a piece a round if it is long.
#pragma once

#include <atomic>
#include <cstdint>

namespace lbd::dataplane {

struct Errand {
    enum class Kind : std::uint8_t { snapshot, question };

    explicit Errand(Kind what) : kind(what) {}

    const Kind kind;
    // The errand is the worker's until it sets this.
    std::atomic<bool> done{false};
};

} // namespace lbd::dataplane
