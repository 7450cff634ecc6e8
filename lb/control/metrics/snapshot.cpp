// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/metrics/snapshot.h"

namespace lbd::control::metrics {

std::vector<Service> services(const StatusSources& sources) {
    std::vector<Service> list;
    const auto& records = sources.roster.services();
    for (std::size_t slot = 0; slot < records.size(); ++slot) {
        const ServiceRecord& record = records[slot];
        if (!record.configured) continue;
        std::uint64_t dropped = 0;
        for (std::size_t worker = 0; worker < sources.engine.workers(); ++worker)
            dropped += sources.engine.worker(worker).counters().service_drops[slot].get();
        list.push_back({record.config.name, record.config.address, record.config.port,
                        record.config.protocol, record.standing.quorum.value_or(false),
                        record.standing.checks_ignored, dropped});
    }
    return list;
}

std::vector<Backend> backends(const StatusSources& sources) {
    std::vector<Backend> list;
    list.reserve(sources.roster.backends().size());
    std::size_t index = 0;
    for (const ServiceRecord& service : sources.roster.services()) {
        if (!service.configured) continue;
        for (const dataplane::BackendSlot slot : service.backends) {
            const BackendRecord& record = sources.roster.backends()[slot];
            list.push_back({index, record.config.address, record.weight(), record.is_up(),
                            record.takes_new_connections() && record.weight() != 0,
                            sources.passive_checks.suspected(slot),
                            100 * record.step / SlowStart::steps,
                            sources.traffic.totals(sources.engine, sources.roster, slot)});
        }
        ++index;
    }
    return list;
}

} // namespace lbd::control::metrics
