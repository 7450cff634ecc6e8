// SPDX-License-Identifier: BSD-3-Clause
// How many new connections a client network has opened this second, over all workers, in fixed
// memory: a count-min sketch of which each worker writes its own part and reads all of them. It
// may count a client too high, when others share both of its cells, and never too low.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <utility>
#include <vector>

#include "lb/dataplane/flow_key.h"
#include "lb/dataplane/flow_table.h"

namespace lbd::dataplane {

class ClientLimiter {
  public:
    static constexpr std::size_t rows = 2;
    static constexpr std::size_t cells_per_row = 65536;
    // One worker's part. A cell holds the second that it is about, and two counts: of that second
    // and of the one before.
    struct Cells {
        std::array<std::array<std::atomic<std::uint64_t>, cells_per_row>, rows> of{};
    };

    // `all` are the parts of all workers, which outlive the limiter; it writes to all[self].
    ClientLimiter(std::vector<Cells*> all, std::size_t self) : all_(std::move(all)), self_(self) {}

    // Whether one more new connection of the client is within `limit` a second. The second slides
    // in tenths: what the last one had counts by what is left of it.
    bool allows(std::uint64_t client_hash, std::uint32_t limit, Tick now) const;
    // The same, and counts it if so.
    bool admit(std::uint64_t client_hash, std::uint32_t limit, Tick now);
    // Once a tick: clears those of a few of the worker's own cells that are old, all of them within
    // two minutes. A cell's second is told from any other for eighteen hours.
    void clear_old(Tick now);

  private:
    using Places = std::array<std::size_t, rows>;

    static Places places_of(std::uint64_t client_hash) {
        return {client_hash % cells_per_row, (client_hash >> 32) % cells_per_row};
    }

    std::vector<Cells*> all_;
    std::size_t self_;
    std::size_t next_to_clear_ = 0;
};

} // namespace lbd::dataplane
