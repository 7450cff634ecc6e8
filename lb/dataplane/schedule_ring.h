// SPDX-License-Identifier: BSD-3-Clause
// The order in which new connections visit the backends of a service, and a worker's place in it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lb/dataplane/forwarding_table.h"

namespace lbd::dataplane {

struct Weighted {
    BackendSlot slot;
    std::uint32_t weight; // 0: left out
};

// Rings are no longer than this; weights whose sum, reduced by their common divisor, is larger are
// scaled down to it, each backend keeping at least one place.
constexpr std::size_t max_ring = 8192;

// Smooth weighted round robin: each backend as often as its weight says, spread as evenly as can
// be, so 5:1:1 is A A A B A A C rather than A A A A A B C.
std::vector<BackendSlot> smooth_ring(std::span<const Weighted> backends);

// A worker's place in a service's ring. After a change of the ring it goes on behind the backend
// that it chose last, so that frequent changes do not favour the first ones.
class RingCursor {
  public:
    // `offset` spreads the first choices of several workers over the ring.
    explicit RingCursor(std::uint32_t offset = 0) : position_(offset) {}

    // The next backend, or no_backend if the ring is empty.
    BackendSlot next(const ServiceEntry& service);
    // Counts on, from 0 to `size` - 1 and over again; for choices that a ring does not make.
    std::size_t turn(std::size_t size) {
        if (++position_ >= size) position_ = 0;
        return position_;
    }

  private:
    void relocate(const ServiceEntry& service);

    std::uint32_t version_ = 0;
    std::uint32_t position_;
    BackendSlot last_ = no_backend;
};

} // namespace lbd::dataplane
