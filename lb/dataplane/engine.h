// SPDX-License-Identifier: BSD-3-Clause
// The data plane as a whole: DPDK's environment, ports, tables, rings and workers, started in this
// order and stopped in reverse.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lb/dataplane/eal.h"
#include "lb/dataplane/packet_ring.h"
#include "lb/dataplane/port.h"
#include "lb/dataplane/publication.h"
#include "lb/dataplane/worker.h"

namespace lbd::dataplane {

struct EngineOptions {
    EalOptions eal; // `megabytes` 0: computed from what follows where there are no hugepages
    std::vector<PortSettings> ports;
    std::uint32_t flows = 0;               // per worker
    std::uint32_t persistence_entries = 0; // per worker
    bool sleep_when_idle = false;
};

// Memory that the tables and packet buffers of `options` take, in megabytes.
unsigned megabytes_for(const EngineOptions& options);

class Engine {
  public:
    // Throws std::runtime_error naming what failed. The workers are not running yet.
    explicit Engine(const EngineOptions& options);
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;
    ~Engine();

    void start();
    void stop();

    Publication& publication() { return *publication_; }
    std::size_t workers() const { return workers_.size(); }
    Worker& worker(std::size_t index) { return *workers_[index]; }
    unsigned worker_core(std::size_t index) const;
    std::size_t ports() const { return ports_.size(); }
    Port& port(std::size_t index) { return *ports_[index]; }
    // The host's ends of the rings of a port: what worker `worker` punts, and what worker 0 sends.
    PacketRing& to_host(std::size_t port, std::size_t worker) {
        return *to_host_[port * workers_.size() + worker];
    }
    PacketRing& from_host(std::size_t port) { return *from_host_[port]; }

  private:
    struct FreeHugepages {
        void operator()(void* memory) const;
    };
    using Lines = std::unique_ptr<FlowTable::Line, FreeHugepages>;

    void make_rings(std::size_t workers);
    std::span<FlowTable::Line> table_memory(std::uint32_t flows, unsigned worker);
    WorkerSetup setup_of(std::uint16_t worker, const EngineOptions& options,
                         const HashSecret& owner_secret);

    Eal eal_;
    std::vector<std::unique_ptr<Port>> ports_;
    std::vector<std::unique_ptr<PacketRing>> to_host_;   // [port][worker]
    std::vector<std::unique_ptr<PacketRing>> from_host_; // [port]
    std::vector<std::unique_ptr<PacketRing>> handoff_;   // [from][to], none on the diagonal
    std::vector<Lines> tables_;
    std::unique_ptr<Publication> publication_;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::atomic<bool> stopping_{false};
    bool running_ = false;
};

} // namespace lbd::dataplane
