// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>

#include "config/check.h"
#include "config/layers.h"

namespace lbd::config {

namespace {

// Nobody reads a long list.
constexpr std::size_t most_named = 4;

std::string subnets_text(const NetworkNode& network) {
    std::string text;
    for (std::size_t i = 0; i < network.subnets.size() && i <= most_named; ++i) {
        text += i == 0 ? "" : ", ";
        text += i == most_named ? "..." : network.subnets[i].text();
    }
    return text;
}

// "port lb0 (10.0.0.2/24) or VLAN lb0.5 (10.0.5.2/24)"
std::string candidates_text(const Candidates& candidates) {
    std::string text;
    std::size_t named = 0;
    for (const auto* network : candidates) {
        if (network->subnets.empty()) {
            continue;
        }
        if (named++ == most_named) {
            return text + " or another";
        }
        text +=
            (text.empty() ? "" : " or ") + network->title() + " (" + subnets_text(*network) + ')';
    }
    return text.empty() ? candidates.front()->title() + " (which has none)" : text;
}

void check_reachable(const Candidates& candidates, const Node& service, const Node& backend,
                     ErrorList& errors) {
    const auto& node = backend["address"];
    const auto& address = *node.get<IpAddress>();
    // What is wrong there is reported already, and perhaps the reason.
    const bool reported = std::any_of(candidates.begin(), candidates.end(),
                                      [](const NetworkNode* network) { return network->reported; });
    if (candidates.empty() || reported || forwarding_of(service, backend).text() == nullptr) {
        return;
    }
    const auto way = way_to(candidates, service, backend);
    if (way.network == nullptr && is_tunnelled(service, backend)) {
        const bool v4 = address.family == IpAddress::Family::v4;
        errors.say(node.place, node.path,
                   address.text() + " cannot be reached: it is in no subnet of " +
                       candidates_text(candidates) + ", and no " + (v4 ? "gateway" : "gateway6") +
                       " is given there");
    } else if (way.network == nullptr) {
        errors.say(node.place, node.path,
                   address.text() +
                       " is not on the link: Direct Routing needs the backend in a subnet of " +
                       candidates_text(candidates) + ", as it is reached by its MAC address");
    } else if (!way.gateway) {
        for (const auto& subnet : way.network->subnets) {
            if (const auto reason = not_a_host_of(subnet, address);
                reason && subnet.address != address) {
                errors.say(node.place, node.path, address.text() + ' ' + *reason);
                return;
            }
        }
    }
}

bool is_of_the_family(const Node& service, const Node& backend, const IpAddress& address,
                      ErrorList& errors) {
    const auto& node = backend["address"];
    const auto* vip = service["address"].get<IpAddress>();
    if (vip == nullptr || vip->family == address.family ||
        !forwarding_of(service, backend).is("dr")) {
        return true;
    }
    errors.say(node.place, node.path,
               address.text() + " is " + text_of(address.family) + " and the service's address " +
                   text_of(vip->family) +
                   ": Direct Routing needs both of one family; forwarding ipip or gue does not");
    return false;
}

void check_address(const Candidates& candidates, const Node& service, const Node& backend,
                   const Surroundings& around, ErrorList& errors) {
    const auto& node = backend["address"];
    const auto* given = node.get<IpAddress>();
    const auto address = given != nullptr ? host_address(node, *given, errors) : std::nullopt;
    if (!address) {
        return;
    }
    if (const auto own = around.own.find(*address); own != around.own.end()) {
        errors.say(node.place, node.path,
                   address->text() + " is the director's own address on " + own->second +
                       "; a backend is another machine");
        return;
    }
    if (const auto vip = around.virtual_.find(*address); vip != around.virtual_.end()) {
        errors.say(node.place, node.path,
                   address->text() + " is the virtual address of " + vip->second +
                       "; give the backend's own address");
        return;
    }
    if (is_of_the_family(service, backend, *address, errors)) {
        check_reachable(candidates, service, backend, errors);
    }
}

void check_port(const Node& service, const Node& backend, ErrorList& errors) {
    const auto& node = backend["port"];
    const auto* own = node.get<std::uint64_t>();
    const auto* wanted = service["port"].get<std::uint64_t>();
    if (own != nullptr && wanted != nullptr && *own != *wanted) {
        const auto how = is_tunnelled(service, backend) ? "a tunnel" : "Direct Routing";
        errors.say(node.place, node.path,
                   "port " + port_text(*own) + " differs from the service's port " +
                       port_text(*wanted) + ": " + how +
                       " cannot change ports, so the backend must listen on the service's");
    }
}

void check_mac(const Node& node, ErrorList& errors) {
    const auto* mac = node.get<MacAddress>();
    if (mac != nullptr && ((mac->bytes[0] & 1U) != 0 || *mac == MacAddress{})) {
        errors.say(node.place, node.path, mac->text() + " is not the MAC address of one host");
    }
}

void check_thresholds(const Node& backend, ErrorList& errors) {
    const auto& node = backend["lower_threshold"];
    const auto* lower = node.get<std::uint64_t>();
    const auto* upper = backend["upper_threshold"].get<std::uint64_t>();
    if (lower == nullptr || upper == nullptr || *lower <= *upper) {
        return;
    }
    errors.say(node.place, node.path,
               "lower_threshold " + std::to_string(*lower) +
                   (*upper == 0 ? " has no meaning without an upper_threshold"
                                : " is above the upper_threshold " + std::to_string(*upper)));
}

} // namespace

void check_backends(const NetworkNodes& networks, const Node& service, const Surroundings& around,
                    ErrorList& errors) {
    const auto candidates = networks_behind(networks, service);
    Claims<IpAddress> claims;
    for (const auto& backend : service["backends"].items) {
        check_address(candidates, service, backend, around, errors);
        check_port(service, backend, errors);
        check_mac(backend["mac"], errors);
        check_thresholds(backend, errors);
        const auto& node = backend["address"];
        const auto* address = node.get<IpAddress>();
        const auto* earlier = address != nullptr ? claims.claim(*address, backend.path) : nullptr;
        if (earlier != nullptr) {
            errors.say(node.place, node.path,
                       address->text() + " is already the backend " + *earlier);
        }
    }
}

} // namespace lbd::config
