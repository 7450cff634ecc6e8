// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/publication.h"

#include <rte_malloc.h>

#include <new>
#include <utility>

namespace lbd::dataplane {

void Publication::Free::operator()(rte_rcu_qsbr* states) const {
    rte_free(states);
}

Publication::Publication(unsigned workers)
    : states_(static_cast<rte_rcu_qsbr*>(
          rte_zmalloc("rcu", rte_rcu_qsbr_get_memsize(workers), RTE_CACHE_LINE_SIZE))),
      owned_(std::make_unique<ForwardingTable>(
          std::vector<ServiceEntry>{}, std::vector<BackendEntry>{}, std::vector<ServiceSlot>{}, 0)),
      current_(owned_.get()) {
    if (!states_ || rte_rcu_qsbr_init(states_.get(), workers) != 0) throw std::bad_alloc();
}

Publication::~Publication() = default;

void Publication::publish(std::unique_ptr<const ForwardingTable> table) {
    current_.store(table.get(), std::memory_order_release);
    std::swap(owned_, table);
    retired_.push_back({std::move(table), nullptr, rte_rcu_qsbr_start(states_.get())});
    reclaim();
}

void Publication::publish_traces(std::unique_ptr<const TraceList> traces) {
    current_traces_.store(traces.get(), std::memory_order_release);
    std::swap(owned_traces_, traces);
    retired_.push_back({nullptr, std::move(traces), rte_rcu_qsbr_start(states_.get())});
    reclaim();
}

void Publication::reclaim() {
    while (!retired_.empty() && rte_rcu_qsbr_check(states_.get(), retired_.front().token, false))
        retired_.pop_front();
}

void Publication::enter(unsigned worker) {
    rte_rcu_qsbr_thread_register(states_.get(), worker);
    rte_rcu_qsbr_thread_online(states_.get(), worker);
}

void Publication::leave(unsigned worker) {
    rte_rcu_qsbr_thread_offline(states_.get(), worker);
    rte_rcu_qsbr_thread_unregister(states_.get(), worker);
}

} // namespace lbd::dataplane
