// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <set>
#include <tuple>

#include "config/check.h"
#include "config/layers.h"

namespace lbd::config {

namespace {

Surroundings surroundings(const Node& root, const NetworkNodes& networks) {
    Surroundings result{.own = own_addresses(networks), .virtual_ = {}};
    for (const auto& service : root["services"].items) {
        if (const auto* address = service["address"].get<IpAddress>()) {
            result.virtual_.emplace(*address, service.path);
        }
    }
    for (const auto& instance : root["vrrp"].items) {
        for (const auto& prefix : prefixes_of(instance["virtual_addresses"])) {
            result.virtual_.emplace(prefix.address, instance.path);
        }
    }
    return result;
}

using EndpointKey = std::tuple<IpAddress, std::uint64_t, std::string>;

std::string endpoint_text(const IpAddress& address, std::uint64_t port) {
    const auto text =
        address.family == IpAddress::Family::v6 ? '[' + address.text() + ']' : address.text();
    return text + ':' + port_text(port);
}

void check_within_subnets(const NetworkNodes& networks, const Node& node, const IpAddress& address,
                          ErrorList& errors) {
    for (const auto& network : networks) {
        for (const auto& subnet : network.subnets) {
            if (const auto reason = not_a_host_of(subnet, address)) {
                errors.say(node.place, node.path, address.text() + ' ' + *reason);
                return;
            }
        }
    }
}

void check_endpoint(const NetworkNodes& networks, const Node& service, Claims<EndpointKey>& claims,
                    ErrorList& errors) {
    const auto& node = service["address"];
    const auto* given = node.get<IpAddress>();
    const auto address = given != nullptr ? host_address(node, *given, errors) : std::nullopt;
    if (address) {
        check_within_subnets(networks, node, *address, errors);
    }
    const auto* port = service["port"].get<std::uint64_t>();
    const auto* protocol = service["protocol"].text();
    if (!address || port == nullptr || protocol == nullptr) {
        return;
    }
    if (const auto* earlier = claims.claim({*address, *port, *protocol}, service.path)) {
        errors.say(node.place, node.path,
                   endpoint_text(*address, *port) + ' ' + *protocol + " is already the service " +
                       *earlier);
    }
}

// The schema knows the bounds of IPv6 only.
void check_client_prefix(const Node& service, const Node& node, ErrorList& errors) {
    const auto* address = service["address"].get<IpAddress>();
    const auto* length = node.get<std::uint64_t>();
    if (address != nullptr && address->family == IpAddress::Family::v4 && length != nullptr &&
        *length > 32) {
        errors.not_allowed(node.place, node.path, in_quotes(std::to_string(*length)),
                           "1..32, as the service's address is IPv4");
    }
}

// Of `port: any` no check can tell what to connect to.
void check_checked_port(const Node& service, const Node& backend, const Layers& check,
                        std::set<std::string>& said, ErrorList& errors) {
    const auto& node = service["port"];
    const auto* port = node.get<std::uint64_t>();
    const auto kind = kind_of_check(service, check);
    if (port == nullptr || *port != 0 || kind == "none" || kind == "ping" || kind == "script" ||
        check["port"].get<std::uint64_t>() != nullptr || !said.insert(node.path).second) {
        return;
    }
    errors.say(node.place, node.path,
               "with any port, the health check of " + backend.path +
                   " needs one to connect to: give health: {port: N} for the backend, the service "
                   "or all services, or health: {type: none}");
}

void check_script(const Node& service, const Layers& check, std::set<std::string>& said,
                  ErrorList& errors) {
    const auto& script = check.list("script");
    if (kind_of_check(service, check) == "script" && script.items.empty() &&
        said.insert(service.path).second) {
        errors.say(service.place, service.path, "health checks of type script need a script");
    }
    if (said.insert(script.path).second) {
        check_program(script, errors);
    }
}

// Others cannot be sent from, and none is found out before a check is tried.
void check_sources(const NetworkNodes& networks, const Node& list, std::set<std::string>& said,
                   ErrorList& errors) {
    if (!said.insert(list.path).second) {
        return;
    }
    std::set<IpAddress::Family> families;
    for (const auto& node : list.items) {
        const auto* source = node.get<IpAddress>();
        if (source == nullptr) {
            continue;
        }
        const bool own = std::any_of(networks.begin(), networks.end(), [&](const auto& network) {
            return std::any_of(network.subnets.begin(), network.subnets.end(),
                               [&](const Prefix& prefix) { return prefix.address == *source; });
        });
        if (!own) {
            errors.not_allowed(node.place, node.path, in_quotes(source->text()),
                               "an address of a port or VLAN");
        } else if (!families.insert(source->family).second) {
            errors.say(node.place, node.path, source->text() + " is the second of its family");
        }
    }
}

// Of each backend, but what is wrong with the service's or the global section is said once.
void check_health(const Node& root, const NetworkNodes& networks, const Node& service,
                  std::set<std::string>& said, ErrorList& errors) {
    for (const auto& backend : service["backends"].items) {
        for (const auto& check : checks_of(root, service, backend)) {
            check_checked_port(service, backend, check, said, errors);
            check_script(service, check, said, errors);
            check_sources(networks, check.list("source"), said, errors);
        }
    }
}

} // namespace

std::string port_text(std::uint64_t port) {
    return port == 0 ? "any" : std::to_string(port);
}

void check_services(const Node& root, ErrorList& errors) {
    const auto networks = network_nodes(root);
    const auto around = surroundings(root, networks);
    Claims<EndpointKey> endpoints;
    std::set<std::string> said; // of health checks
    check_unique(root["services"], "name", errors);
    for (const auto& service : root["services"].items) {
        check_endpoint(networks, service, endpoints, errors);
        check_client_prefix(service, service["persistence_prefix"], errors);
        check_client_prefix(service, service["limits"]["client_prefix"], errors);
        check_health(root, networks, service, said, errors);
        check_network_exists(networks, service["behind"], errors);
        check_backends(networks, service, around, errors);
    }
}

} // namespace lbd::config
