// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/traffic.h"

namespace lbd::control {

Totals& Totals::operator+=(const Totals& other) {
    packets += other.packets;
    bytes += other.bytes;
    connections += other.connections;
    active += other.active;
    inactive += other.inactive;
    persistent += other.persistent;
    return *this;
}

Rates& Rates::operator+=(const Rates& other) {
    connections += other.connections;
    packets += other.packets;
    bytes += other.bytes;
    return *this;
}

Totals counted(dataplane::Engine& engine, dataplane::BackendSlot slot) {
    Totals sum;
    for (std::size_t worker = 0; worker < engine.workers(); ++worker) {
        const auto& counters = engine.worker(worker).counters().backends[slot];
        sum += {counters.packets.get(), counters.bytes.get(),    counters.connections.get(),
                counters.active.get(),  counters.inactive.get(), counters.persistent.get()};
    }
    return sum;
}

Suspicion::Counts handshakes(dataplane::Engine& engine, dataplane::BackendSlot slot) {
    Suspicion::Counts sum{0, 0};
    for (std::size_t worker = 0; worker < engine.workers(); ++worker) {
        const auto& counters = engine.worker(worker).counters().backends[slot];
        sum.opened += counters.opened.get();
        sum.confirmed += counters.confirmed.get();
    }
    return sum;
}

void Traffic::sample(dataplane::Engine& engine, const Roster& roster, Clock::time_point now) {
    const double seconds = std::chrono::duration<double>(now - last_).count();
    last_ = now;
    records_.resize(roster.backends().size());
    for (std::size_t slot = 0; slot < records_.size(); ++slot) {
        Record& record = records_[slot];
        const Totals current = counted(engine, static_cast<dataplane::BackendSlot>(slot));
        if (record.generation != roster.backends()[slot].generation) {
            // Seen for the first time: another backend may have counted in this slot before.
            record = {roster.backends()[slot].generation, current, current, {}};
            continue;
        }
        const auto rate = [seconds](std::uint64_t before, std::uint64_t after) {
            return static_cast<double>(after - before) / seconds;
        };
        record.rates = {rate(record.last.connections, current.connections),
                        rate(record.last.packets, current.packets),
                        rate(record.last.bytes, current.bytes)};
        record.last = current;
    }
}

Totals Traffic::totals(dataplane::Engine& engine, const Roster& roster,
                       dataplane::BackendSlot slot) const {
    Totals sum = counted(engine, slot);
    if (slot >= records_.size() || records_[slot].generation != roster.backends()[slot].generation)
        return sum;
    const Totals& start = records_[slot].at_start;
    sum.packets -= start.packets;
    sum.bytes -= start.bytes;
    sum.connections -= start.connections;
    return sum;
}

Rates Traffic::rates(dataplane::BackendSlot slot) const {
    return slot < records_.size() ? records_[slot].rates : Rates{};
}

} // namespace lbd::control
