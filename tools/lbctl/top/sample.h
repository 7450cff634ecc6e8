// SPDX-License-Identifier: BSD-3-Clause
// What lbd says at one moment, as far as the live view shows it. All text is printable ASCII, a
// column a character, whatever answered on the socket.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace lbd::lbctl::top {

// Since the start.
struct Counters {
    double connections = 0;
    double packets = 0;
    double bytes = 0;
};

// A second.
struct Rates {
    double connections = 0;
    double packets = 0;
    double bits = 0;
};

struct Traffic {
    Counters counters;
    Rates rates;
    double active = 0;
    double inactive = 0;
};

struct Backend {
    std::string endpoint;
    std::string state;
    Traffic traffic;
};

struct Service {
    std::string name;
    std::string endpoint; // with the protocol: TCP 192.0.2.10:80
    Traffic traffic;
    std::vector<Backend> backends;
};

struct Worker {
    double cycles = 0;
    double busy_cycles = 0;
    double busy_percent = 0;
};

struct Instance { // of VRRP
    std::string name;
    std::string state;
    double since_seconds = 0;
};

struct Sample {
    double uptime_seconds = 0;
    std::vector<Service> services;
    std::vector<Worker> workers;
    std::vector<Instance> instances;
    double dropped = 0; // packets, since the start
    double drops = 0;   // packets a second
};

// Of the replies to `stats` and `vrrp`. Rates are what lbd has measured itself; those of drops are
// unknown to it, and a worker's busy share is that since its start.
Sample sample_of(const boost::json::object& stats, const boost::json::object& vrrp);

// Replaces rates and busy shares by those since `before`, where the counters allow it: they do not
// after a restart of lbd, or for what was not there.
void measure(Sample& now, const Sample& before);

// How many of the service's backends are up.
std::size_t backends_up(const Service& service);

// Everything but printable ASCII is '?'.
std::string ascii(std::string_view text);

} // namespace lbd::lbctl::top
