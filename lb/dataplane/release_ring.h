// SPDX-License-Identifier: BSD-3-Clause
// Carries releases of bindings from one worker to the worker that owns them.
#pragma once

#include <rte_errno.h>
#include <rte_ring_elem.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "lb/dataplane/releases.h"

namespace lbd::dataplane {

class ReleaseRing {
  public:
    // `name` is unique in the process; `size` a power of two.
    ReleaseRing(const std::string& name, unsigned size)
        : ring_(rte_ring_create_elem(name.c_str(), sizeof(Release), size, SOCKET_ID_ANY,
                                     RING_F_SP_ENQ | RING_F_SC_DEQ)) {
        if (!ring_) throw std::runtime_error("ring " + name + ": " + rte_strerror(rte_errno));
    }

    [[nodiscard]] bool push(const Release& release) {
        Release copy = release;
        return rte_ring_sp_enqueue_elem(ring_.get(), &copy, sizeof(copy)) == 0;
    }
    bool pop(Release& release) {
        return rte_ring_sc_dequeue_elem(ring_.get(), &release, sizeof(release)) == 0;
    }

  private:
    struct Free {
        void operator()(rte_ring* ring) const { rte_ring_free(ring); }
    };
    std::unique_ptr<rte_ring, Free> ring_;
};

} // namespace lbd::dataplane
