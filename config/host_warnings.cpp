// SPDX-License-Identifier: BSD-3-Clause
#include "config/host_warnings.h"

#include <algorithm>
#include <iterator>

namespace lbd::config {

namespace {

// A core that others share is a worker's loss where it polls: it waits for them, and packets for
// it.
bool wants_isolation(const Config& config) {
    return config.workers.idle == Workers::Idle::poll &&
           std::any_of(config.ports.begin(), config.ports.end(),
                       [](const Port& port) { return port.device.kind == Device::Kind::pci; });
}

} // namespace

std::set<unsigned> without(const std::set<unsigned>& cores, const std::set<unsigned>& others) {
    std::set<unsigned> rest;
    std::set_difference(cores.begin(), cores.end(), others.begin(), others.end(),
                        std::inserter(rest, rest.end()));
    return rest;
}

std::string joined(const std::set<unsigned>& cores) {
    std::string text;
    for (const unsigned core : cores) {
        text += (text.empty() ? "" : ",") + std::to_string(core);
    }
    return text;
}

std::vector<std::string> host_warnings(const Config& config, const HostFacts& facts) {
    std::vector<std::string> warnings;
    const std::set<unsigned> cores(config.workers.cores.begin(), config.workers.cores.end());
    for (const HostFacts::Nic& nic : facts.nics) {
        const std::set<unsigned> far = without(cores, nic.cores);
        if (!far.empty()) {
            warnings.push_back("NIC " + nic.address + " is on NUMA node " +
                               std::to_string(nic.node) + ", and these cores of workers are not: " +
                               joined(far) + "; every packet crosses between the nodes");
        }
    }
    if (facts.isolation_known && wants_isolation(config)) {
        const std::set<unsigned> shared = without(cores, facts.isolated);
        if (!shared.empty()) {
            warnings.push_back("workers: these cores are not isolated: " + joined(shared) +
                               "; other programs take them from a worker that polls (isolcpus=" +
                               joined(cores) + " on the kernel's command line)");
        }
    }
    return warnings;
}

} // namespace lbd::config
