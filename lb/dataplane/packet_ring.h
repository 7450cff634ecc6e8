// SPDX-License-Identifier: BSD-3-Clause
// A bounded ring of packets between one producing and one consuming thread.
#pragma once

#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace lbd::dataplane {

class PacketRing {
  public:
    // `name` is unique in the process; `size` a power of two.
    PacketRing(const std::string& name, unsigned size)
        : ring_(rte_ring_create(name.c_str(), size, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ)) {
        if (!ring_) throw std::runtime_error("ring " + name + ": " + rte_strerror(rte_errno));
    }

    // The caller keeps the packet if the ring is full.
    [[nodiscard]] bool push(rte_mbuf* packet) {
        return rte_ring_sp_enqueue(ring_.get(), packet) == 0;
    }
    unsigned pop(rte_mbuf** packets, unsigned count) {
        return rte_ring_sc_dequeue_burst(ring_.get(), reinterpret_cast<void**>(packets), count,
                                         nullptr);
    }
    bool empty() const { return rte_ring_empty(ring_.get()) != 0; }

  private:
    struct Drain {
        void operator()(rte_ring* ring) const {
            void* packet = nullptr;
            while (rte_ring_sc_dequeue(ring, &packet) == 0)
                rte_pktmbuf_free(static_cast<rte_mbuf*>(packet));
            rte_ring_free(ring);
        }
    };
    std::unique_ptr<rte_ring, Drain> ring_;
};

} // namespace lbd::dataplane
