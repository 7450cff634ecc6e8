// SPDX-License-Identifier: BSD-3-Clause
#include "tools/lbctl/doctor/needs.h"

#include <algorithm>
#include <sstream>

namespace lbd::lbctl {

bool has_capability(const Host& host, Capability capability) {
    std::istringstream status(host.text("/proc/self/status").value_or(""));
    for (std::string key; status >> key;) {
        unsigned long long set = 0;
        if (key == "CapEff:" && status >> std::hex >> set)
            return (set >> static_cast<unsigned>(capability) & 1U) != 0;
    }
    return false;
}

bool uses(const config::Config& config, config::Device::Kind kind) {
    return std::any_of(config.ports.begin(), config.ports.end(),
                       [&](const config::Port& port) { return port.device.kind == kind; });
}

std::set<config::IpAddress> own_addresses(const config::Config& config) {
    std::set<config::IpAddress> addresses;
    for (const config::Network& network : config::networks(config))
        for (const config::Prefix& prefix : network.addresses) addresses.insert(prefix.address);
    return addresses;
}

std::set<config::IpAddress> virtual_addresses(const config::Config& config) {
    std::set<config::IpAddress> addresses;
    for (const config::VrrpInstance& instance : config.vrrp)
        for (const config::Prefix& prefix : instance.virtual_addresses)
            addresses.insert(prefix.address);
    for (const config::Service& service : config.services) addresses.insert(service.address);
    return addresses;
}

} // namespace lbd::lbctl
