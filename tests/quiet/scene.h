// SPDX-License-Identifier: BSD-3-Clause
// A worker with services of all kinds, on a thread that asks nothing of the kernel.
#pragma once

#include <atomic>
#include <thread>

#include "tests/bench/subject.h"

namespace lbd::quiet {

// Persistence, limits, thresholds, both families, tunnels and TTLs. `weight` makes tables differ.
std::unique_ptr<const dataplane::ForwardingTable> mixed_table(const rte_ether_addr& mac,
                                                              std::uint16_t weight);

// Runs a worker in turns, under watch. The thread is never joined: it cannot end.
class WatchedThread {
  public:
    explicit WatchedThread(dataplane::Worker& worker)
        : worker_(worker), thread_([this] { run(); }) {
        thread_.detach();
    }
    WatchedThread(const WatchedThread&) = delete;
    WatchedThread& operator=(const WatchedThread&) = delete;

    // What the watch counts if the thread does one of each on purpose.
    void try_out() { turn(Step::offend); }
    void begin() {
        stop_ = false;
        step_ = Step::work;
    }
    void end() {
        stop_ = true;
        await();
    }

  private:
    enum class Step { prepare, idle, offend, work };

    void turn(Step step) {
        await();
        step_ = step;
        await();
    }
    void await() const {
        while (step_ != Step::idle) std::this_thread::yield();
    }
    void run();
    void offend();

    dataplane::Worker& worker_;
    std::atomic<bool> stop_{false};
    std::atomic<Step> step_{Step::prepare};
    std::thread thread_;
};

} // namespace lbd::quiet
