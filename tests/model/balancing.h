// SPDX-License-Identifier: BSD-3-Clause
// How new connections are shared out: rr, wrr, lc, wlc, thresholds.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "tests/model/description.h"
#include "tests/model/places.h"

namespace lbd::model {

class Balancing {
  public:
    struct Load {
        std::uint64_t active;
        std::uint64_t inactive;
    };
    explicit Balancing(std::function<Load(BackendSlot)> load) : load_(std::move(load)) {}

    // The backend for a new connection, or no_backend. `hashed` is the one that the consistent
    // hash names.
    BackendSlot choose(const Setting& setting, ServiceSlot service, BackendSlot hashed, Time now);

  private:
    using Service = dataplane::ServiceEntry;
    struct Turn {
        std::size_t position = 0;
        std::uint32_t version = 0; // of the ring
        BackendSlot last = dataplane::no_backend;
        std::optional<Time> nobody_at;
    };

    BackendSlot next_in_ring(const Setting& setting, const Service& service, Turn& turn);
    BackendSlot least(const Setting& setting, const Service& service, Turn& turn);
    bool overloaded(const Setting& setting, BackendSlot backend);

    std::function<Load(BackendSlot)> load_;
    std::map<ServiceSlot, Turn> turns_;
    std::set<BackendSlot> overloaded_;
};

// Each member as often as its weight, divided by what the weights have in common, says: of n
// members, number i, whose weight is w, stands at (k + (i + 1/2) / n) / w for each k < w.
std::vector<BackendSlot> ring_of(const Setting& setting, const dataplane::ServiceEntry& service);

} // namespace lbd::model
