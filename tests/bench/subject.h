// SPDX-License-Identifier: BSD-3-Clause
// What is measured: a worker of the data plane with a service and its backends, on a device that
// makes its own packets, and the loop that only swaps MAC addresses beside it.
#pragma once

#include <rte_malloc.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lb/dataplane/eal.h"
#include "lb/dataplane/port.h"
#include "lb/dataplane/publication.h"
#include "lb/dataplane/worker.h"
#include "tests/bench/traffic.h"

namespace lbd::bench {

struct Sizes {
    std::uint32_t flows4 = 1024;
    std::uint32_t bindings4 = 1024;
    std::uint32_t flows6 = 1024;
    std::uint32_t bindings6 = 1024;
};

struct ServiceSettings {
    bool ipv6 = false;
    bool udp = false;
    bool persistent = false;
    dataplane::UnknownTcpPolicy on_unknown_tcp = dataplane::UnknownTcpPolicy::schedule;
    dataplane::Tick syn_timeout = 600;
    dataplane::Tick timeout = 9000; // of all other states
};

// DPDK, a port whose frames are `traffic`, and the core on which either loop runs.
class Bench {
  public:
    // `core`: nullptr for any.
    Bench(bool hugepages, unsigned megabytes, const unsigned* core);
    Bench(const Bench&) = delete;
    Bench& operator=(const Bench&) = delete;
    ~Bench();

    Traffic& traffic() { return *traffic_; }
    dataplane::Port& port() { return *port_; }

  private:
    dataplane::Eal eal_;
    std::unique_ptr<dataplane::Port> port_;
    std::unique_ptr<Traffic> traffic_;
    const void* callback_ = nullptr;
};

// Cycles of one core, and what came of them.
struct Measure {
    std::uint64_t cycles = 0;
    std::uint64_t packets = 0;
    double per_packet() const { return static_cast<double>(cycles) / static_cast<double>(packets); }
};

class Subject {
  public:
    // `synchronise`: the worker tells of its flows, and run() takes that from it.
    Subject(Bench& bench, const Sizes& sizes,
            std::unique_ptr<const dataplane::ForwardingTable> table, bool synchronise = false);
    Subject(Bench& bench, const Sizes& sizes, const ServiceSettings& service,
            bool synchronise = false);
    ~Subject();

    // Runs the worker for so many packets of the traffic.
    Measure run(std::uint64_t packets);
    const dataplane::WorkerCounters& counters() const { return *counters_; }
    dataplane::Worker& worker() { return *worker_; }
    dataplane::Publication& publication() { return publication_; }
    // Told to peers so far, and what found no room at once.
    std::uint64_t told() const { return told_; }
    std::uint64_t overflows() const { return channel_ ? channel_->overflows.get() : 0; }

  private:
    void take_events();

    struct FreeMemory {
        void operator()(void* memory) const { rte_free(memory); }
    };
    template <class Key>
    std::span<typename dataplane::FlowTable<Key>::Line> memory_for(std::uint32_t entries);

    std::vector<std::unique_ptr<void, FreeMemory>> memory_;
    std::unique_ptr<dataplane::WorkerCounters> counters_;
    std::unique_ptr<dataplane::ClientLimiter::Cells> cells_;
    dataplane::Publication publication_{1};
    std::unique_ptr<dataplane::PacketRing> to_host_;
    std::unique_ptr<dataplane::SyncChannel> channel_;
    std::uint64_t told_ = 0;
    std::unique_ptr<dataplane::Worker> worker_;
};

// The yardstick: receive, swap the MAC addresses, send.
Measure run_macswap(Bench& bench, std::uint64_t packets);

} // namespace lbd::bench
