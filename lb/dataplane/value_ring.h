// SPDX-License-Identifier: BSD-3-Clause
// A bounded ring of plain values from one thread to one other. In ordinary memory, so that tests
// need no EAL.
#pragma once

#include <rte_ring.h>

#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>

namespace lbd::dataplane {

template <class Value>
class ValueRing {
    static_assert(std::is_trivially_copyable_v<Value> && sizeof(Value) % 4 == 0);

  public:
    // `size` is a power of two; one place of it stays empty.
    explicit ValueRing(unsigned size)
        : ring_(static_cast<rte_ring*>(std::aligned_alloc(RTE_CACHE_LINE_SIZE, bytes(size)))) {
        if (!ring_ ||
            rte_ring_init(ring_.get(), "values", size, RING_F_SP_ENQ | RING_F_SC_DEQ) != 0)
            throw std::bad_alloc();
    }

    [[nodiscard]] bool push(const Value& value) { return push(&value, 1); }
    // All or none.
    [[nodiscard]] bool push(const Value* values, unsigned count) {
        return rte_ring_sp_enqueue_bulk_elem(ring_.get(), values, sizeof(*values), count,
                                             nullptr) == count;
    }
    unsigned pop(Value* values, unsigned count) {
        return rte_ring_sc_dequeue_burst_elem(ring_.get(), values, sizeof(*values), count, nullptr);
    }
    unsigned room() const { return rte_ring_free_count(ring_.get()); }
    bool empty() const { return rte_ring_empty(ring_.get()) != 0; }
    bool half_full() const {
        return rte_ring_count(ring_.get()) > rte_ring_get_capacity(ring_.get()) / 2;
    }

  private:
    // As rte_ring_get_memsize_elem() computes it. DPDK 24.11 declares that function without
    // extern "C", so that a C++ program that calls it does not link.
    static std::size_t bytes(unsigned size) {
        return RTE_ALIGN(sizeof(rte_ring) + std::size_t{size} * sizeof(Value),
                         std::size_t{RTE_CACHE_LINE_SIZE});
    }

    struct Free {
        void operator()(rte_ring* ring) const { std::free(ring); }
    };
    std::unique_ptr<rte_ring, Free> ring_;
};

} // namespace lbd::dataplane
