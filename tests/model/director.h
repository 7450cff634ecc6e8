// SPDX-License-Identifier: BSD-3-Clause
// The real data plane under the model's eyes: one worker on a device whose frames are given and
// taken by hand, and whose clock says what it is told.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "lb/dataplane/eal.h"
#include "lb/dataplane/worker.h"
#include "tests/model/description.h"
#include "tests/model/frames.h"

namespace lbd::model {

// Cycles of the clock that the tests set.
inline constexpr std::uint64_t cycles_per_tick = 10;

// DPDK and a port with a queue for each worker. Once a process.
class Device {
  public:
    explicit Device(std::uint16_t queues = 1);
    Device(const Device&) = delete;
    Device& operator=(const Device&) = delete;

    dataplane::Port& port() { return *port_; }
    dataplane::PacketRing& to_host() { return *to_host_; }
    // Comes in at the worker's next look, alone.
    void give(const Packet& packet, std::uint16_t queue = 0);
    // What went out since the last time, with its MAC addresses and headers.
    std::vector<std::vector<std::uint8_t>> take() { return std::move(sent_); }

  private:
    static std::uint16_t receive(std::uint16_t port, std::uint16_t queue, rte_mbuf** packets,
                                 std::uint16_t count, std::uint16_t most, void* self);
    static std::uint16_t send(std::uint16_t port, std::uint16_t queue, rte_mbuf** packets,
                              std::uint16_t count, void* self);

    dataplane::Eal eal_;
    std::unique_ptr<dataplane::Port> port_;
    std::unique_ptr<dataplane::PacketRing> to_host_;
    std::vector<std::deque<rte_mbuf*>> waiting_; // [queue]
    std::vector<std::vector<std::uint8_t>> sent_;
};

// Makes the rings and hash tables of `setting`, from its members and weights, and publishes it.
void publish(Setting& setting, dataplane::Publication& publication);

// Lines of each table.
struct Memory {
    std::size_t lines4;
    std::size_t lines6;
};

class Director {
  public:
    Director(Device& device, const Memory& memory, dataplane::Tick start);
    ~Director();
    Director(const Director&) = delete;
    Director& operator=(const Director&) = delete;

    // Makes the rings and hash tables of `setting`, which the model shares, and publishes it.
    void configure(Setting& setting);
    // The packet, and then what else a worker does: it expires what has ended.
    Events handle(const Packet& packet);
    // `packet` is taken in the turn in which the time comes, before anything is expired.
    Events pass(std::uint64_t ticks, const Packet* packet);

    // Whether what ends before the last of so many ticks is expired before it.
    static bool expires_before(std::uint64_t ticks);

    Counts counts() const;
    std::uint64_t held_or_lost() const;

  private:
    template <class Key>
    using Lines = std::vector<typename dataplane::FlowTable<Key>::Line>;

    void turn(std::uint64_t ticks);
    Events happened();
    std::vector<std::uint64_t> drops() const;
    std::optional<Event> event_of(const std::vector<std::uint8_t>& frame) const;

    Device& device_;
    Lines<dataplane::KeyV4> flows4_;
    Lines<dataplane::KeyV4> bindings4_;
    Lines<dataplane::KeyV6> flows6_;
    Lines<dataplane::KeyV6> bindings6_;
    dataplane::test::Neighbours shared_{1};
    dataplane::WorkerCounters& counters_ = *shared_.counters[0];
    dataplane::Publication publication_{1};
    std::vector<std::uint64_t> drops_before_;
    std::uint64_t answered_before_ = 0;
    std::uint64_t cycles_ = 0;
    std::unique_ptr<dataplane::Worker> worker_;
};

} // namespace lbd::model
