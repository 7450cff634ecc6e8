// SPDX-License-Identifier: BSD-3-Clause
// Adds up what the workers count per backend, and how fast it grows. Control thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "lb/control/roster.h"
#include "lb/control/suspicion.h"
#include "lb/dataplane/engine.h"

namespace lbd::control {

struct Totals {
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
    std::uint64_t connections = 0;
    std::uint64_t active = 0;
    std::uint64_t inactive = 0;
    std::uint64_t persistent = 0;

    Totals& operator+=(const Totals& other);
};

struct Rates { // a second
    double connections = 0;
    double packets = 0;
    double bytes = 0;

    Rates& operator+=(const Rates& other);
};

class Traffic {
  public:
    using Clock = std::chrono::steady_clock;

    // About once a second: takes the rates since the last time.
    void sample(dataplane::Engine& engine, const Roster& roster, Clock::time_point now);

    // Since the slot means this backend.
    Totals totals(dataplane::Engine& engine, const Roster& roster,
                  dataplane::BackendSlot slot) const;
    Rates rates(dataplane::BackendSlot slot) const;

  private:
    struct Record {
        std::uint16_t generation = 0;
        Totals at_start; // what an earlier backend left in the slot's counters
        Totals last;
        Rates rates;
    };

    std::vector<Record> records_;
    Clock::time_point last_;
};

// What all workers together have counted in a slot since they started.
Totals counted(dataplane::Engine& engine, dataplane::BackendSlot slot);
Suspicion::Counts handshakes(dataplane::Engine& engine, dataplane::BackendSlot slot);

} // namespace lbd::control
