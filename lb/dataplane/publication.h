// SPDX-License-Identifier: BSD-3-Clause
// Hands immutable forwarding tables, and what is to be traced, from the control thread to the
// workers without a lock.
#pragma once

#include <rte_rcu_qsbr.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>

#include "lb/dataplane/forwarding_table.h"
#include "lb/dataplane/trace.h"

namespace lbd::dataplane {

class Publication {
  public:
    explicit Publication(unsigned workers);
    Publication(const Publication&) = delete;
    Publication& operator=(const Publication&) = delete;
    // No worker may be reading any more.
    ~Publication();

    // Control thread. Makes `table` the current one; the workers see it from their next burst on.
    void publish(std::unique_ptr<const ForwardingTable> table);
    // Control thread. What the workers trace from their next burst on; nullptr: nothing.
    void publish_traces(std::unique_ptr<const TraceList> traces);
    // Control thread. Frees what no worker can be reading any more; never waits.
    void reclaim();
    std::size_t retired() const { return retired_.size(); }

    // Worker threads: between enter and leave, what current() gave stays valid until the worker's
    // next quiescent(), which says that it holds nothing now.
    void enter(unsigned worker);
    void leave(unsigned worker);
    void quiescent(unsigned worker) { rte_rcu_qsbr_quiescent(states_.get(), worker); }
    const ForwardingTable& current() const { return *current_.load(std::memory_order_acquire); }
    // nullptr, most of the time: nothing is traced. Valid as long as the table.
    const TraceList* traces() const { return current_traces_.load(std::memory_order_acquire); }

  private:
    struct Retired {
        std::unique_ptr<const ForwardingTable> table;
        std::unique_ptr<const TraceList> traces;
        std::uint64_t token;
    };
    struct Free {
        void operator()(rte_rcu_qsbr* states) const;
    };

    std::unique_ptr<rte_rcu_qsbr, Free> states_;
    std::unique_ptr<const ForwardingTable> owned_;
    std::unique_ptr<const TraceList> owned_traces_;
    std::atomic<const ForwardingTable*> current_;
    std::atomic<const TraceList*> current_traces_{nullptr};
    std::deque<Retired> retired_;
};

} // namespace lbd::dataplane
