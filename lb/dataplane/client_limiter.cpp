// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/client_limiter.h"

#include <algorithm>

namespace lbd::dataplane {

namespace {

// Fields of a cell: second (16 bits are enough to tell it from any other that clear_old leaves),
// count of this second and of the one before (24 bits each, saturating).
struct Cell {
    std::uint64_t second;
    std::uint64_t current;
    std::uint64_t previous;
};

constexpr std::size_t cells_cleared_at_once = 64; // cells of each row
constexpr unsigned count_bits = 24;
constexpr std::uint64_t count_mask = (1u << count_bits) - 1;
constexpr std::uint64_t second_mask = 0xffff;

// Ticks are tenths, and multiplying is cheaper than dividing: 6554 / 2^16 is a tenth, and exact
// within a block of 16384 ticks, so that second and tenth begin anew with each block.
struct Moment {
    std::uint64_t second;
    std::uint64_t tenth;
};

Moment moment_of(Tick now) {
    constexpr Tick block_mask = 16383;
    constexpr std::uint64_t seconds_per_block = 1639;
    const std::uint64_t in_block = now & block_mask;
    const std::uint64_t second = in_block * 6554 >> 16;
    return {(std::uint64_t{now} >> 14) * seconds_per_block + second, in_block - second * 10};
}

Cell read(const std::atomic<std::uint64_t>& stored, std::uint64_t second) {
    const std::uint64_t value = stored.load(std::memory_order_relaxed);
    const std::uint64_t written = value >> (2 * count_bits);
    const std::uint64_t current = value >> count_bits & count_mask;
    if (written == (second & second_mask)) return {second, current, value & count_mask};
    if (written == ((second - 1) & second_mask)) return {second, 0, current};
    return {second, 0, 0};
}

std::uint64_t packed(const Cell& cell) {
    return (cell.second & second_mask) << (2 * count_bits) | cell.current << count_bits |
           cell.previous;
}

} // namespace

bool ClientLimiter::allows(std::uint64_t client_hash, std::uint32_t limit, Tick now) const {
    const Moment moment = moment_of(now);
    const Places places = places_of(client_hash);
    std::uint64_t least = ~std::uint64_t{0};
    for (std::size_t row = 0; row < rows; ++row) {
        std::uint64_t tenths = 0; // of connections
        for (const Cells* worker : all_) {
            const Cell cell = read(worker->of[row][places[row]], moment.second);
            tenths += cell.current * 10 +
                      cell.previous * (10 - std::min<std::uint64_t>(moment.tenth, 10));
        }
        least = std::min(least, tenths);
    }
    return least + 10 <= std::uint64_t{limit} * 10;
}

bool ClientLimiter::admit(std::uint64_t client_hash, std::uint32_t limit, Tick now) {
    if (!allows(client_hash, limit, now)) return false;
    const std::uint64_t second = moment_of(now).second;
    const Places places = places_of(client_hash);
    for (std::size_t row = 0; row < rows; ++row) {
        auto& stored = all_[self_]->of[row][places[row]];
        Cell cell = read(stored, second);
        cell.current = std::min(cell.current + 1, count_mask);
        stored.store(packed(cell), std::memory_order_relaxed);
    }
    return true;
}

void ClientLimiter::clear_old(Tick now) {
    const std::uint64_t second = moment_of(now).second;
    for (auto& row : all_[self_]->of)
        for (std::size_t i = 0; i < cells_cleared_at_once; ++i) {
            auto& stored = row[next_to_clear_ + i];
            if (stored.load(std::memory_order_relaxed) == 0) continue;
            const Cell cell = read(stored, second);
            if (cell.current == 0 && cell.previous == 0) stored.store(0, std::memory_order_relaxed);
        }
    next_to_clear_ = (next_to_clear_ + cells_cleared_at_once) % cells_per_row;
}

} // namespace lbd::dataplane
