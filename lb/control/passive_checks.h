// SPDX-License-Identifier: BSD-3-Clause
// Which backends the clients' own connections speak against. Control thread only.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lb/control/roster.h"
#include "lb/control/suspicion.h"

namespace lbd::control {

class PassiveChecks {
  public:
    using CountsOf = std::function<Suspicion::Counts(dataplane::BackendSlot)>;
    struct Suspect {
        dataplane::BackendSlot slot;
        std::string news; // for the log; empty: said before
    };

    // Five times a second. Those to be checked at once: at the first sign, then once a second.
    std::vector<Suspect> sample(const Roster& roster, const CountsOf& counts_of);

    bool suspected(dataplane::BackendSlot slot) const;

  private:
    struct Record {
        std::uint16_t generation = 0;
        unsigned samples_since_check = 0;
        Suspicion suspicion;
    };

    std::vector<Record> records_; // by slot
};

} // namespace lbd::control
