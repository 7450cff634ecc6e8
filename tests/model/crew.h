// SPDX-License-Identifier: BSD-3-Clause
// Several workers of one director, on one thread, which take their turns when they are told to:
// what they hand to each other arrives in any order, late, or not at all.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "lb/dataplane/release_ring.h"
#include "lb/dataplane/worker.h"
#include "tests/model/director.h"

namespace lbd::model {

class Crew {
  public:
    // Between two workers there is room for so many packets, a power of two.
    Crew(Device& device, std::uint16_t workers, unsigned room);
    ~Crew();
    Crew(const Crew&) = delete;
    Crew& operator=(const Crew&) = delete;

    void configure(Setting& setting);
    void turn(std::uint16_t worker) { workers_[worker]->turn(cycles_); }
    // All have their turns until nothing is under way any more.
    void settle();
    // So much time, of which all workers see every second.
    void pass(std::uint64_t ticks);

    std::uint16_t workers() const { return static_cast<std::uint16_t>(workers_.size()); }
    // A counter of all workers.
    std::uint64_t sum(dataplane::Counter dataplane::WorkerCounters::*counter) const;
    std::uint64_t sum(dataplane::Counter dataplane::BackendCounters::*counter) const;
    std::uint64_t drops() const;
    std::uint64_t drops(dataplane::DropReason reason) const;

  private:
    template <class Key>
    using Lines = std::vector<typename dataplane::FlowTable<Key>::Line>;
    // One worker's tables.
    struct Tables {
        Lines<dataplane::KeyV4> flows4, bindings4;
        Lines<dataplane::KeyV6> flows6, bindings6;
    };

    void make_rings(unsigned room);
    dataplane::WorkerSetup setup_of(Device& device, std::uint16_t worker);

    dataplane::test::Neighbours shared_;
    dataplane::Publication publication_;
    std::vector<Tables> tables_;
    std::vector<std::unique_ptr<dataplane::PacketRing>> packets_;   // [from * workers + to]
    std::vector<std::unique_ptr<dataplane::ReleaseRing>> releases_; // likewise
    std::uint64_t cycles_ = 0;
    std::vector<std::unique_ptr<dataplane::Worker>> workers_;
};

} // namespace lbd::model
