// SPDX-License-Identifier: BSD-3-Clause
#include "tools/lbctl/top/model.h"

#include <algorithm>
#include <utility>

namespace lbd::lbctl::top {

namespace {

void operator+=(Traffic& sum, const Traffic& traffic) {
    sum.rates.connections += traffic.rates.connections;
    sum.rates.packets += traffic.rates.packets;
    sum.rates.bits += traffic.rates.bits;
    sum.active += traffic.active;
    sum.inactive += traffic.inactive;
}

Totals totals_of(const Sample& sample) {
    Totals totals;
    for (const Service& service : sample.services) {
        totals.traffic += service.traffic;
        totals.backends += service.backends.size();
        totals.up += backends_up(service);
    }
    return totals;
}

} // namespace

void Model::add(Sample sample, Time now) {
    if (any_) measure(sample, sample_);
    any_ = true;
    sample_ = std::move(sample);
    answered_ = now;
    trouble_.clear();
    totals_ = totals_of(sample_);
    histories_.connections.add(totals_.traffic.rates.connections);
    histories_.packets.add(totals_.traffic.rates.packets);
    histories_.bits.add(totals_.traffic.rates.bits);
    histories_.active.add(totals_.traffic.active);
    histories_.inactive.add(totals_.traffic.inactive);
    histories_.drops.add(sample_.drops);
    remember_workers();
    remember_services();
}

void Model::miss(std::string_view why) {
    trouble_ = ascii(why);
    Histories& all = histories_;
    for (History* history : {&all.connections, &all.packets, &all.bits, &all.active, &all.inactive,
                             &all.drops, &all.mean_busy, &all.most_busy})
        history->add_gap();
    for (History& history : all.busy) history.add_gap();
    for (auto& [endpoint, history] : all.services) history.add_gap();
}

void Model::remember_workers() {
    histories_.busy.resize(sample_.workers.size());
    for (std::size_t index = 0; index < sample_.workers.size(); ++index)
        histories_.busy[index].add(sample_.workers[index].busy_percent);
    histories_.mean_busy.add(mean_busy(sample_));
    histories_.most_busy.add(most_busy(sample_));
}

// Services that are gone are forgotten.
void Model::remember_services() {
    std::unordered_map<std::string, History> kept;
    for (const Service& service : sample_.services) {
        const auto before = histories_.services.find(service.endpoint);
        History history;
        if (before != histories_.services.end()) history = std::move(before->second);
        history.add(service.traffic.rates.packets);
        kept.emplace(service.endpoint, std::move(history));
    }
    histories_.services = std::move(kept);
}

double mean_busy(const Sample& sample) {
    double sum = 0;
    for (const Worker& worker : sample.workers) sum += worker.busy_percent;
    return sample.workers.empty() ? 0 : sum / static_cast<double>(sample.workers.size());
}

double most_busy(const Sample& sample) {
    double most = 0;
    for (const Worker& worker : sample.workers) most = std::max(most, worker.busy_percent);
    return most;
}

} // namespace lbd::lbctl::top
