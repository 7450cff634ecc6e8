// SPDX-License-Identifier: BSD-3-Clause
// Everything that metrics are made of, as values: collected on the control thread in little time,
// written as text on another.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "config/config.h"
#include "health/pool.h"
#include "lb/control/status.h"
#include "lb/control/traffic.h"

namespace lbd::control::metrics {

struct Reloads {
    std::uint64_t applied = 0;
    std::uint64_t refused = 0;
};

struct Service {
    std::string name;
    config::IpAddress address;
    std::uint16_t port;
    config::Protocol protocol;
    bool quorum;
    bool checks_ignored;
    std::uint64_t dropped;
};

struct Backend {
    std::size_t service; // index into the services
    config::IpAddress address;
    std::uint32_t weight;
    bool up;
    bool serving; // takes new connections
    bool suspected;
    unsigned share_percent; // of its weight, while it starts slowly
    Totals totals;
};

struct Snapshot {
    std::string name; // of the director
    bool ready;
    Reloads reloads;
    std::vector<Service> services;
    std::vector<Backend> backends; // configured ones, so that none is there twice
    std::vector<health::CheckFigures> checks;
    // As lbctl has them.
    boost::json::object director;
    boost::json::object vrrp;
    boost::json::object sync;
    double collect_seconds = 0; // for which the control thread was busy with this
};

std::vector<Service> services(const StatusSources& sources);
std::vector<Backend> backends(const StatusSources& sources);

} // namespace lbd::control::metrics
