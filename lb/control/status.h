// SPDX-License-Identifier: BSD-3-Clause
// What `lbctl stats` and `lbctl services` are told, as JSON.
#pragma once

#include <boost/json/object.hpp>
#include <string_view>

#include "config/config.h"
#include "lb/control/host_bridge.h"
#include "lb/control/notify/notifier.h"
#include "lb/control/passive_checks.h"
#include "lb/control/roster.h"
#include "lb/control/traffic.h"
#include "lb/dataplane/engine.h"

namespace lbd::control {

struct StatusSources {
    const config::Config& config;
    dataplane::Engine& engine;
    const HostBridge& bridge;
    const Roster& roster;
    const Traffic& traffic;
    const PassiveChecks& passive_checks;
    const notify::Notifier& notifier;
    double uptime_seconds;
};

std::string_view name_of(config::Protocol protocol);
void put(boost::json::object& object, const Totals& totals);

boost::json::object services_status(const StatusSources& sources);
// Of what is not a service: workers, ports, the host, drops.
boost::json::object director_status(const StatusSources& sources);
boost::json::object stats_status(const StatusSources& sources);

// As configurations call them.
std::string_view scheduler_name(config::Scheduler scheduler);
std::string_view forwarding_name(config::Forwarding forwarding);

} // namespace lbd::control
