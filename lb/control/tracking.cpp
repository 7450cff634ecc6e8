// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/tracking.h"

#include <algorithm>

namespace lbd::control {

namespace {

std::string failure_of(const config::VrrpTrack& track, const Conditions& conditions) {
    switch (track.kind) {
        case config::VrrpTrack::Kind::port: {
            const std::string failure = conditions.link(track.name);
            return failure.empty() ? failure : track.name + ": " + failure;
        }
        case config::VrrpTrack::Kind::workers:
            return conditions.workers;
        case config::VrrpTrack::Kind::service: {
            const unsigned live = conditions.live_backends(track.name);
            if (live >= track.minimum) return {};
            return "service " + track.name + " has " + std::to_string(live) +
                   " live backends of at least " + std::to_string(track.minimum);
        }
        case config::VrrpTrack::Kind::script: {
            const std::string failure = conditions.script(track);
            return failure.empty() ? failure : track.script.front() + ' ' + failure;
        }
    }
    return {};
}

// A director that cannot hear the others, or not forward, is no master unless it is told to be.
std::vector<config::VrrpTrack> with_implied(const config::VrrpInstance& instance) {
    std::vector<config::VrrpTrack> all = instance.track;
    const auto tracked = [&](config::VrrpTrack::Kind kind, const std::string& name) {
        return std::any_of(all.begin(), all.end(), [&](const config::VrrpTrack& track) {
            return track.kind == kind && track.name == name;
        });
    };
    const auto add = [&](config::VrrpTrack::Kind kind, const std::string& name) {
        if (tracked(kind, name)) return;
        config::VrrpTrack track{};
        track.kind = kind;
        track.name = name;
        all.push_back(track);
    };
    add(config::VrrpTrack::Kind::workers, "");
    add(config::VrrpTrack::Kind::port, instance.port);
    return all;
}

} // namespace

Judgement judge(const config::VrrpInstance& instance, const Conditions& conditions) {
    Judgement judgement{conditions.start, instance.priority, {}};
    int priority = instance.priority;
    for (const config::VrrpTrack& track : with_implied(instance)) {
        std::string failure = failure_of(track, conditions);
        if (failure.empty()) continue;
        if (track.lower_priority_by == 0) {
            if (judgement.fault.empty()) judgement.fault = std::move(failure);
            continue;
        }
        priority -= track.lower_priority_by;
        judgement.failed.push_back(std::move(failure));
    }
    judgement.priority = static_cast<std::uint8_t>(std::max(priority, 1));
    return judgement;
}

} // namespace lbd::control
