// SPDX-License-Identifier: BSD-3-Clause
// What the live view knows: the last answer of lbd, what came before it, and since when there has
// been none. A value: a copy is a view that stands still.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tools/lbctl/top/history.h"
#include "tools/lbctl/top/sample.h"

namespace lbd::lbctl::top {

using Time = std::chrono::steady_clock::time_point;

struct Totals {
    Traffic traffic; // of all services
    std::size_t backends = 0;
    std::size_t up = 0; // of them
};

class Model {
  public:
    // lbd has answered, or has not and this is why.
    void add(Sample sample, Time now);
    void miss(std::string_view why);

    const Sample& sample() const { return sample_; }
    const Totals& totals() const { return totals_; }
    Time answered() const { return answered_; }
    const std::string& trouble() const { return trouble_; } // empty: the last question was answered

    struct Histories {
        History connections, packets, bits, active, inactive, drops; // of all services
        std::vector<History> busy;                                   // of each worker, in per cent
        History mean_busy, most_busy;
        std::unordered_map<std::string, History> services; // packets a second, by endpoint
    };
    const Histories& histories() const { return histories_; }

  private:
    void remember_workers();
    void remember_services();

    Sample sample_;
    Totals totals_;
    Histories histories_;
    Time answered_;
    bool any_ = false;
    std::string trouble_;
};

double mean_busy(const Sample& sample);
double most_busy(const Sample& sample);

} // namespace lbd::lbctl::top
