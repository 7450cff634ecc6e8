// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/passive_checks.h"

namespace lbd::control {

namespace {

constexpr unsigned samples_between_checks = 5;

std::string news_of(const BackendRecord& backend, const Suspicion& suspicion) {
    return "backend " + backend.config.address.text() + ':' + std::to_string(backend.config.port) +
           " is suspected: of " + std::to_string(suspicion.opened()) +
           " connections opened in a second, " + std::to_string(suspicion.confirmed()) +
           " went on; it is checked at once";
}

} // namespace

std::vector<PassiveChecks::Suspect> PassiveChecks::sample(const Roster& roster,
                                                          const CountsOf& counts_of) {
    std::vector<Suspect> suspects;
    records_.resize(roster.backends().size());
    for (std::size_t index = 0; index < records_.size(); ++index) {
        const BackendRecord& backend = roster.backends()[index];
        const config::Service& service = roster.services()[backend.service].config;
        const auto slot = static_cast<dataplane::BackendSlot>(index);
        Record& record = records_[index];
        if (record.generation != backend.generation) record = {backend.generation, 0, {}};
        if (!backend.configured || service.protocol != config::Protocol::tcp) continue;
        switch (record.suspicion.sample(counts_of(slot), service.suspect_below_percent)) {
            case Suspicion::Finding::none:
                break;
            case Suspicion::Finding::first:
                record.samples_since_check = 0;
                suspects.push_back({slot, news_of(backend, record.suspicion)});
                break;
            case Suspicion::Finding::again:
                if (++record.samples_since_check % samples_between_checks == 0)
                    suspects.push_back({slot, {}});
                break;
        }
    }
    return suspects;
}

bool PassiveChecks::suspected(dataplane::BackendSlot slot) const {
    return slot < records_.size() && records_[slot].suspicion.suspected();
}

} // namespace lbd::control
