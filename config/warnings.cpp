// SPDX-License-Identifier: BSD-3-Clause
#include "config/warnings.h"

#include <algorithm>

#include "config/types.h"
#include "config/warnings_parts.h"

namespace lbd::config {

namespace {

using Sentences = std::vector<std::string>;

bool is_virtual(const Config& config, const IpAddress& address) {
    return std::any_of(config.vrrp.begin(), config.vrrp.end(), [&](const VrrpInstance& instance) {
        return std::any_of(instance.virtual_addresses.begin(), instance.virtual_addresses.end(),
                           [&](const Prefix& prefix) { return prefix.address == address; });
    });
}

// The first address of a family is the source of health checks.
void warn_about_own(const Service& service, const Network& network, Sentences& warnings) {
    const auto source = std::find_if(
        network.addresses.begin(), network.addresses.end(),
        [&](const Prefix& each) { return each.address.family == service.address.family; });
    if (source != network.addresses.end() && source->address == service.address) {
        warnings.push_back("service " + service.name + ": " + service.address.text() +
                           " is the first address of " + title(network) +
                           ", from which health checks are sent; the backends hold it themselves "
                           "and will not answer. Give the " +
                           (network.vlan == 0 ? "port" : "VLAN") + " another address first");
    }
}

void warn_about_address(const Config& config, const Service& service, Sentences& warnings) {
    bool own = false;
    for (const auto& network : networks(config)) {
        warn_about_own(service, network, warnings);
        own =
            own || std::any_of(network.addresses.begin(), network.addresses.end(),
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
        const bool v4 = service.address.family == IpAddress::Family::v4;
        warnings.push_back("service " + service.name + ": " + service.address.text() +
                           " is neither a VRRP virtual address nor an address of a port, so "
                           "nobody answers " +
                           (v4 ? "ARP" : "neighbour solicitations") +
                           " for it; only a router can bring its packets here");
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
    const bool rr = service.scheduler == Scheduler::rr;
    if (std::all_of(backends.begin(), backends.end(), rests)) {
        warnings.push_back("service " + service.name +
                           ": all weights are 0, so no backend gets new connections");
    } else if ((rr || service.scheduler == Scheduler::lc) &&
               std::any_of(backends.begin(), backends.end(), weighted)) {
        const std::string name = rr ? "rr" : "lc";
        warnings.push_back("service " + service.name + ": scheduler " + name +
                           " ignores weights other than 0; w" + (rr ? "rr" : "lc") +
                           " follows them");
    }
}

void warn_about_keys_without_effect(const Service& service, Sentences& warnings) {
    const bool hashes = service.scheduler == Scheduler::sh || service.scheduler == Scheduler::mh;
    if (service.hash_port && !hashes) {
        warnings.push_back("service " + service.name +
                           ": hash_port has an effect with the schedulers sh and mh only");
    }
    const unsigned whole = service.address.family == IpAddress::Family::v4 ? 32 : 128;
    if (service.limits.client_prefix != whole && service.limits.connections_per_client == 0) {
        warnings.push_back("service " + service.name +
                           ": limits.client_prefix has no effect without connections_per_client");
    }
    if (service.persistence_while_drained == PersistenceDrained::move &&
        service.persistence == Seconds{0}) {
        warnings.push_back("service " + service.name +
                           ": persistence_while_drained has no effect without persistence");
    }
}

bool are_told_of_the_end(const std::vector<NotifyScript>& scripts) {
    return std::any_of(scripts.begin(), scripts.end(), [](const NotifyScript& script) {
        return std::any_of(script.on.begin(), script.on.end(), [](Occasion occasion) {
            return occasion == Occasion::down || occasion == Occasion::quorum_lost;
        });
    });
}

void warn_about_omega(const Config& config, const Service& service, Sentences& warnings) {
    const bool told =
        are_told_of_the_end(config.notifications.scripts) || are_told_of_the_end(service.notify) ||
        std::any_of(service.backends.begin(), service.backends.end(),
                    [](const Backend& backend) { return are_told_of_the_end(backend.notify); });
    if (service.omega && !told) {
        warnings.push_back("service " + service.name +
                           ": omega has no effect, as no script is told of a backend that goes "
                           "down or a quorum that is lost");
    }
}

// RFC 2003 and 2473: one more header, of the backend's family. GUE: 8 bytes of UDP, 4 of its own.
unsigned overhead(const Backend& backend) {
    const unsigned outer = backend.address.family == IpAddress::Family::v4 ? 20 : 40;
    return backend.forwarding == Forwarding::dr     ? 0
           : backend.forwarding == Forwarding::ipip ? outer
                                                    : outer + 12;
}

// Clients send what fits Ethernet.
void warn_about_tunnels(const Config& config, const Service& service, Sentences& warnings) {
    constexpr unsigned usual_mtu = 1500;
    for (const auto& network : networks(config)) {
        unsigned most = 0;
        for (const auto& backend : service.backends) {
            most = backend.port_name == network.name ? std::max(most, overhead(backend)) : most;
        }
        if (most > 0 && network.mtu < usual_mtu + most) {
            warnings.push_back(
                "service " + service.name + ": the tunnels through " + title(network) +
                " carry packets of at most " + std::to_string(network.mtu - most) +
                " bytes; clients are told to send no larger ones (ICMP fragmentation needed, "
                "packet too big). An mtu of " +
                std::to_string(usual_mtu + most) + " there, where the network has it, avoids that");
        }
    }
}

// Sorry servers do not count towards it.
void warn_about_quorum(const Service& service, Sentences& warnings) {
    std::uint64_t weights = 0;
    for (const auto& backend : service.backends) {
        weights += backend.sorry ? 0 : backend.weight;
    }
    const std::string all = "service " + service.name + ": the weights of its backends are " +
                            std::to_string(weights) + " in all, so ";
    const std::uint64_t regained = std::uint64_t{service.quorum} + service.hysteresis;
    if (weights == 0 || weights >= regained) {
        return; // without any weight this is not what is wrong
    }
    if (weights < service.quorum) {
        warnings.push_back(all + "it never has its quorum of " + std::to_string(service.quorum));
    } else {
        warnings.push_back(all + "a quorum that is lost is never regained, for which it takes " +
                           std::to_string(regained));
    }
}

void warn_about_persistence(const Config& config, const Service& service, Sentences& warnings) {
    constexpr std::uint64_t least_rate = 10; // new clients a second, of a service worth two servers
    if (service.persistence == Seconds{0}) {
        return;
    }
    const bool v4 = service.address.family == IpAddress::Family::v4;
    const std::uint64_t each =
        v4 ? config.memory.persistence_entries : config.memory.persistence_entries6;
    const auto clients = each * config.workers.count;
    const auto rate = clients / static_cast<std::uint64_t>(service.persistence.count());
    if (rate < least_rate) {
        warnings.push_back("service " + service.name + ": memory." +
                           (v4 ? "persistence_entries" : "persistence_entries6") +
                           " has room for " + std::to_string(clients) +
                           " clients; with a persistence of " + duration_text(service.persistence) +
                           " it is full at " + std::to_string(rate) + " to " +
                           std::to_string(rate + 1) + " new clients a second");
    }
}

void warn_about_capture(const Config& config, Sentences& warnings) {
    if (config.capture && !config.memory.hugepages) {
        warnings.push_back(
            "capture has no effect without hugepages: no other process can share the memory then. "
            "tcpdump on a port's companion interface shows what is not for a service");
    }
}

} // namespace

std::string title(const Network& network) {
    return (network.vlan == 0 ? "port " : "VLAN ") + network.name;
}

std::vector<std::string> warnings(const Config& config) {
    Sentences warnings;
    warn_about_capture(config, warnings);
    warn_about_routers(config, warnings);
    for (const auto& service : config.services) {
        warn_about_address(config, service, warnings);
        warn_about_backends(service, warnings);
        warn_about_quorum(service, warnings);
        warn_about_persistence(config, service, warnings);
        warn_about_keys_without_effect(service, warnings);
        warn_about_omega(config, service, warnings);
        warn_about_tunnels(config, service, warnings);
    }
    return warnings;
}

} // namespace lbd::config
