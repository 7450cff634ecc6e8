// SPDX-License-Identifier: BSD-3-Clause
#include "config/warnings.h"

#include <algorithm>

namespace lbd::config {

namespace {

using Sentences = std::vector<std::string>;

bool is_virtual(const Config& config, const IpAddress& address) {
    return std::any_of(config.vrrp.begin(), config.vrrp.end(), [&](const VrrpInstance& instance) {
        return std::any_of(instance.virtual_addresses.begin(), instance.virtual_addresses.end(),
                           [&](const Prefix& prefix) { return prefix.address == address; });
    });
}

// Where the address is in the port's list: the first is the source of health checks.
void warn_about_own(const Service& service, const Port& port, Sentences& warnings) {
    if (!port.addresses.empty() && port.addresses.front().address == service.address) {
        warnings.push_back("service " + service.name + ": " + service.address.text() +
                           " is the first address of port " + port.name +
                           ", from which health checks are sent; the backends hold it themselves "
                           "and will not answer. Give the port another address first");
    }
}

void warn_about_address(const Config& config, const Service& service, Sentences& warnings) {
    bool own = false;
    for (const auto& port : config.ports) {
        warn_about_own(service, port, warnings);
        own =
            own || std::any_of(port.addresses.begin(), port.addresses.end(),
                               [&](const Prefix& each) { return each.address == service.address; });
    }
    if (is_virtual(config, service.address)) {
        return;
    }
    if (!config.vrrp.empty()) {
        warnings.push_back("service " + service.name + ": " + service.address.text() +
                           " is not a virtual address of any VRRP instance, so it does not move "
                           "to the other director");
    } else if (!own) {
        warnings.push_back("service " + service.name + ": " + service.address.text() +
                           " is neither a VRRP virtual address nor an address of a port, so "
                           "nobody answers ARP for it; only a router can bring its packets here");
    }
}

void warn_about_backends(const Service& service, Sentences& warnings) {
    const auto& backends = service.backends;
    if (backends.empty()) {
        warnings.push_back("service " + service.name + " has no backends");
        return;
    }
    const auto rests = [](const Backend& backend) { return backend.weight == 0; };
    const auto weighted = [](const Backend& backend) { return backend.weight > 1; };
    if (std::all_of(backends.begin(), backends.end(), rests)) {
        warnings.push_back("service " + service.name +
                           ": all weights are 0, so no backend gets new connections");
    } else if (service.scheduler == Scheduler::rr &&
               std::any_of(backends.begin(), backends.end(), weighted)) {
        warnings.push_back("service " + service.name +
                           ": scheduler rr ignores weights other than 0; wrr follows them");
    }
}

void warn_about_vrrp(const VrrpInstance& instance, Sentences& warnings) {
    if (instance.start_as_master && instance.priority != 255) {
        warnings.push_back("vrrp " + instance.name +
                           ": state master has no effect below priority 255; an election "
                           "decides who is master");
    }
    if (instance.version == 3 && instance.interval < Milliseconds{100}) {
        warnings.push_back("vrrp " + instance.name +
                           ": an interval below 100ms makes a short delay of this or the network's "
                           "scheduling look like a failure");
    }
}

} // namespace

std::vector<std::string> warnings(const Config& config) {
    Sentences warnings;
    for (const auto& instance : config.vrrp) {
        warn_about_vrrp(instance, warnings);
    }
    for (const auto& service : config.services) {
        warn_about_address(config, service, warnings);
        warn_about_backends(service, warnings);
    }
    return warnings;
}

} // namespace lbd::config
