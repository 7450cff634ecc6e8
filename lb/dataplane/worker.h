// SPDX-License-Identifier: BSD-3-Clause
// A poll-mode worker: takes frames from its queue of every port, decides, sends them on.
#pragma once

#include <rte_mbuf.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "lb/dataplane/clock.h"
#include "lb/dataplane/counters.h"
#include "lb/dataplane/dispatcher.h"
#include "lb/dataplane/packet_ring.h"
#include "lb/dataplane/port.h"
#include "lb/dataplane/publication.h"
#include "lb/dataplane/snapshot.h"

namespace lbd::dataplane {

// What a worker knows of a port; everything outlives the worker.
struct WorkerPort {
    Port* port;
    PacketRing* to_host;   // this worker's
    PacketRing* from_host; // read by one worker only, nullptr for the others
};

struct WorkerSetup {
    DispatcherSetup dispatcher;
    std::vector<WorkerPort> ports;
    std::vector<PacketRing*> handoff_in;  // from worker i; nullptr at the own index
    std::vector<PacketRing*> handoff_out; // to worker i; nullptr at the own index
    Publication* publication;
    bool sleep_when_idle;
};

class Worker {
  public:
    explicit Worker(const WorkerSetup& setup);
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    ~Worker();

    // Until `stop`; on the worker's own lcore.
    void run(const std::atomic<bool>& stop);

    // Any thread.
    const WorkerCounters& counters() const { return counters_; }
    std::size_t flow_capacity() const { return flow_capacity_; }
    // One asker at a time: hands `snapshot` to the worker, which fills it in and sets `done`.
    void request(Snapshot& snapshot) { requested_.store(&snapshot, std::memory_order_release); }

  private:
    struct Work {
        rte_mbuf* packet;
        Parsed parsed;
        std::uint64_t hash;
    };
    struct Batch {
        std::array<rte_mbuf*, 2 * max_burst> packets;
        std::uint16_t count = 0;
    };

    unsigned round(const ForwardingTable& table);
    unsigned receive(std::uint16_t port, const ForwardingTable& table);
    unsigned take_from_host(std::uint16_t port);
    unsigned take_handoffs(const ForwardingTable& table);
    void handle_handoff(rte_mbuf* packet, std::uint16_t from, const ForwardingTable& table);

    void parse_burst(rte_mbuf** packets, std::uint16_t count, std::uint16_t port,
                     std::array<Work, max_burst>& work);
    void decide(const Work& work, std::uint16_t port, const ForwardingTable& table);
    void carry_out(const Verdict& verdict, const Work& work, std::uint16_t port,
                   const ForwardingTable& table);
    void rewrite_and_send(rte_mbuf* packet, const BackendEntry& backend);
    void punt(rte_mbuf* packet, std::uint16_t port);
    void reject(const Work& work, std::uint16_t port, DropReason reason);
    void hand_over(rte_mbuf* packet, std::uint16_t to, const HandoffNote& note);
    void drop(rte_mbuf* packet, DropReason reason);
    void enqueue(rte_mbuf* packet, std::uint16_t port);
    void flush(std::uint16_t port);

    void keep_time(std::uint64_t cycles);
    void keep_house();
    void continue_snapshot(Snapshot& snapshot);
    void rest(unsigned work);

    WorkerSetup setup_;
    WorkerCounters counters_;
    Dispatcher dispatcher_;
    std::size_t flow_capacity_;
    TickClock clock_;
    std::vector<Batch> transmit_;
    std::atomic<Snapshot*> requested_{nullptr};
    std::size_t lines_to_sweep_ = 0;
    unsigned rejections_left_ = 0;
    unsigned idle_rounds_ = 0;
};

} // namespace lbd::dataplane
