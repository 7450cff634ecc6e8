// SPDX-License-Identifier: BSD-3-Clause
// What two directors tell each other of a flow or of a client's binding, between a worker and the
// thread that speaks with the peers.
#pragma once

#include <rte_ring_elem.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#include "lb/dataplane/flow_key.h"
#include "lb/dataplane/flow_table.h"
#include "lb/dataplane/forwarding_table.h"

namespace lbd::dataplane {

struct FlowEvent {
    // The end of a pass over all flows: `remaining` is its number, the rest means nothing.
    static constexpr FlowState end_of_pass = FlowState::free;

    std::array<std::uint8_t, sizeof(KeyV6)> key_bytes{}; // of a KeyV4: the first 16
    FlowState state = end_of_pass;
    bool ipv6 = false;
    bool repeated = false; // from a pass, so perhaps older than what the other knows
    BackendSlot backend = no_backend;
    std::uint16_t generation = 0; // of the backend's slot
    Tick remaining = 0;           // until it ends

    template <class Key>
    Key key() const {
        Key key;
        std::memcpy(&key, key_bytes.data(), sizeof(key));
        return key;
    }
    template <class Key>
    void set_key(const Key& key) {
        std::memcpy(key_bytes.data(), &key, sizeof(key));
        ipv6 = sizeof(Key) == sizeof(KeyV6);
    }
};

// From one thread to one other. In ordinary memory, so that tests need no EAL.
class EventRing {
  public:
    // `size` is a power of two.
    explicit EventRing(unsigned size)
        : ring_(static_cast<rte_ring*>(std::aligned_alloc(
              RTE_CACHE_LINE_SIZE,
              static_cast<std::size_t>(rte_ring_get_memsize_elem(sizeof(FlowEvent), size))))) {
        if (!ring_ ||
            rte_ring_init(ring_.get(), "events", size, RING_F_SP_ENQ | RING_F_SC_DEQ) != 0)
            throw std::bad_alloc();
    }

    [[nodiscard]] bool push(const FlowEvent& event) { return push(&event, 1); }
    // All or none.
    [[nodiscard]] bool push(const FlowEvent* events, unsigned count) {
        return rte_ring_sp_enqueue_bulk_elem(ring_.get(), events, sizeof(*events), count,
                                             nullptr) == count;
    }
    unsigned pop(FlowEvent* events, unsigned count) {
        return rte_ring_sc_dequeue_burst_elem(ring_.get(), events, sizeof(*events), count, nullptr);
    }
    unsigned room() const { return rte_ring_free_count(ring_.get()); }
    bool empty() const { return rte_ring_empty(ring_.get()) != 0; }
    bool half_full() const {
        return rte_ring_count(ring_.get()) > rte_ring_get_capacity(ring_.get()) / 2;
    }

  private:
    struct Free {
        void operator()(rte_ring* ring) const { std::free(ring); }
    };
    std::unique_ptr<rte_ring, Free> ring_;
};

} // namespace lbd::dataplane
