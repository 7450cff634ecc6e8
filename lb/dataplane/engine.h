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

struct InterfaceOptions {
    std::uint16_t port = 0; // index into the ports
    std::uint16_t vlan = 0; // 0: untagged
    std::uint16_t mtu = 1500;
};

struct TableSizes { // entries, per worker
    std::uint32_t flows = 0;
    std::uint32_t persistence = 0;
};

struct EngineOptions {
    EalOptions eal; // `megabytes` 0: computed from what follows where there are no hugepages
    std::vector<PortSettings> ports;
    std::vector<InterfaceOptions> interfaces;
    TableSizes ipv4;
    TableSizes ipv6;
    std::uint32_t fragments = 4096; // fragmented datagrams under way, per worker
    bool sleep_when_idle = false;
    bool synchronise = false; // workers tell and take over flows through their channels
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
    std::size_t interfaces() const { return interfaces_.size(); }
    Port& port_of(std::size_t interface) { return *ports_[interfaces_[interface].port]; }
    // The host's ends of the rings of an interface: what worker `worker` punts, and what worker 0
    // sends.
    PacketRing& to_host(std::size_t interface, std::size_t worker) {
        return *to_host_[interface * workers_.size() + worker];
    }
    PacketRing& from_host(std::size_t interface) { return *from_host_[interface]; }
    // Of each worker, if state is synchronised.
    SyncChannel& sync(std::size_t worker) { return *sync_[worker]; }
    // The worker that keeps a client's binding, whose key it is.
    template <class Key>
    std::uint16_t owner_of_client(const Key& client) const {
        return static_cast<std::uint16_t>(reduce(hash_of(client, owner_secret_), worker_count_));
    }

  private:
    struct FreeHugepages {
        void operator()(void* memory) const;
    };

    void make_rings();
    template <class Key>
    std::span<typename FlowTable<Key>::Line> table_memory(std::uint32_t entries, unsigned worker);
    WorkerSetup setup_of(std::uint16_t worker, const EngineOptions& options);
    std::vector<Interface> interfaces_of(std::uint16_t worker) const;
    Neighbourhood neighbourhood_of(std::size_t worker) const;

    Eal eal_;
    std::uint16_t worker_count_;
    HashSecret owner_secret_;
    std::vector<std::unique_ptr<Port>> ports_;
    std::vector<InterfaceOptions> interfaces_;
    std::vector<std::unique_ptr<PacketRing>> to_host_;   // [interface][worker]
    std::vector<std::unique_ptr<PacketRing>> from_host_; // [interface]
    std::vector<std::unique_ptr<PacketRing>> handoff_;   // [from][to], none on the diagonal
    std::vector<std::unique_ptr<ReleaseRing>> releases_; // likewise
    std::vector<std::unique_ptr<void, FreeHugepages>> tables_;
    std::vector<std::unique_ptr<WorkerCounters>> counters_;
    std::vector<std::unique_ptr<SyncChannel>> sync_; // by worker
    std::vector<std::unique_ptr<ClientLimiter::Cells>> limits_;
    std::unique_ptr<Publication> publication_;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::atomic<bool> stopping_{false};
    std::atomic<std::size_t> ended_{0}; // workers
    std::size_t launched_ = 0;          // workers
};

} // namespace lbd::dataplane
