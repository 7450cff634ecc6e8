// SPDX-License-Identifier: BSD-3-Clause
#include "config/network_nodes.h"

#include <algorithm>
#include <map>

#include "config/layers.h"

namespace lbd::config {

namespace {

NetworkNode network_node(const Node& node, std::string name, bool tagged) {
    const auto& list = node["addresses"];
    auto subnets = prefixes_of(list);
    // Only a port with VLANs may leave them out.
    const bool may_be_empty = !tagged && !list.given && !node["vlans"].items.empty();
    const bool reported = subnets.size() != list.items.size() || (subnets.empty() && !may_be_empty);
    return {.node = &node,
            .tagged = tagged,
            .name = std::move(name),
            .subnets = std::move(subnets),
            .reported = reported};
}

std::string vlan_name(const Node& vlan, const std::string& port) {
    if (const auto* name = vlan["name"].text()) {
        return *name;
    }
    const auto* id = vlan["id"].get<std::uint64_t>();
    const bool known = !vlan["name"].given && id != nullptr && !port.empty();
    return known ? port + '.' + std::to_string(*id) : "";
}

const NetworkNode* network_named(const NetworkNodes& networks, const std::string& name) {
    const auto found = std::find_if(networks.begin(), networks.end(),
                                    [&](const NetworkNode& each) { return each.name == name; });
    return found == networks.end() ? nullptr : &*found;
}

} // namespace

bool NetworkNode::holds(const IpAddress& address) const {
    return std::any_of(subnets.begin(), subnets.end(),
                       [&](const Prefix& subnet) { return subnet.contains(address); });
}

bool NetworkNode::has(IpAddress::Family family) const {
    return std::any_of(subnets.begin(), subnets.end(),
                       [&](const Prefix& subnet) { return subnet.address.family == family; });
}

const IpAddress* NetworkNode::gateway(IpAddress::Family family) const {
    return (*node)[family == IpAddress::Family::v4 ? "gateway" : "gateway6"].get<IpAddress>();
}

std::string NetworkNode::title() const {
    return (tagged ? "VLAN " : "port ") + (name.empty() ? node->path : name);
}

NetworkNodes network_nodes(const Node& root) {
    NetworkNodes networks;
    for (const auto& port : root["ports"].items) {
        const auto* given = port["name"].text();
        const std::string name = given != nullptr ? *given : "";
        networks.push_back(network_node(port, name, false));
        for (const auto& vlan : port["vlans"].items) {
            networks.push_back(network_node(vlan, vlan_name(vlan, name), true));
        }
    }
    return networks;
}

std::vector<Prefix> prefixes_of(const Node& list) {
    std::vector<Prefix> prefixes;
    for (const auto& item : list.items) {
        if (const auto* prefix = item.get<Prefix>()) {
            prefixes.push_back(*prefix);
        }
    }
    return prefixes;
}

IpAddress::Family family_of_instance(const Node& instance) {
    for (const auto& item : instance["peers"].items) {
        if (const auto* peer = item.get<IpAddress>()) {
            return peer->family;
        }
    }
    const auto addresses = prefixes_of(instance["virtual_addresses"]);
    const bool only_v6 = !addresses.empty() &&
                         std::none_of(addresses.begin(), addresses.end(), [](const Prefix& prefix) {
                             return prefix.address.family == IpAddress::Family::v4;
                         });
    return only_v6 ? IpAddress::Family::v6 : IpAddress::Family::v4;
}

std::optional<IpAddress> source_of_instance(const NetworkNode& network, const Node& instance) {
    if (const auto* given = instance["source"].get<IpAddress>()) {
        return *given;
    }
    const auto family = family_of_instance(instance);
    const auto& peers = instance["peers"].items;
    if (family == IpAddress::Family::v6 && peers.empty()) {
        return std::nullopt;
    }
    const auto* peer = peers.empty() ? nullptr : peers.front().get<IpAddress>();
    std::optional<IpAddress> first;
    for (const auto& subnet : network.subnets) {
        if (peer != nullptr && subnet.contains(*peer)) {
            return subnet.address;
        }
        if (!first && subnet.address.family == family) {
            first = subnet.address;
        }
    }
    return first;
}

const NetworkNode* network_of_instance(const NetworkNodes& networks, const Node& instance) {
    if (const auto* name = instance["port"].text()) {
        return network_named(networks, *name);
    }
    if (networks.empty() || instance["port"].given) {
        return nullptr;
    }
    const auto family = family_of_instance(instance);
    const auto able = std::find_if(networks.begin(), networks.end(),
                                   [&](const NetworkNode& network) { return network.has(family); });
    return able == networks.end() ? &networks.front() : &*able;
}

Candidates networks_behind(const NetworkNodes& networks, const Node& service) {
    if (const auto* name = service["behind"].text()) {
        const auto* named = network_named(networks, *name);
        return named != nullptr ? Candidates{named} : Candidates{};
    }
    Candidates all;
    if (!service["behind"].given) {
        for (const auto& network : networks) {
            all.push_back(&network);
        }
    }
    return all;
}

Way way_to(const Candidates& candidates, const Node& service, const Node& backend) {
    const auto* address = backend["address"].get<IpAddress>();
    if (address == nullptr) {
        return {};
    }
    for (const auto* network : candidates) {
        if (network->holds(*address)) {
            return {.network = network, .gateway = {}};
        }
    }
    if (!is_tunnelled(service, backend)) {
        return {};
    }
    for (const auto* network : candidates) {
        if (const auto* gateway = network->gateway(address->family)) {
            return {.network = network, .gateway = *gateway};
        }
    }
    return {};
}

const NetworkNode* network_of_service(const NetworkNodes& networks, const Node& service) {
    const auto candidates = networks_behind(networks, service);
    if (candidates.empty()) {
        return nullptr;
    }
    std::map<const NetworkNode*, std::size_t> backends;
    for (const auto& backend : service["backends"].items) {
        ++backends[way_to(candidates, service, backend).network];
    }
    const NetworkNode* best = candidates.front();
    for (const auto* network : candidates) {
        if (backends[network] > backends[best]) {
            best = network;
        }
    }
    return best;
}

bool is_synchronised(const Node& sync) {
    return !sync["peers"].items.empty() || sync["multicast"].given;
}

std::optional<IpAddress> sync_address(const NetworkNodes& networks, const Node& sync) {
    if (const auto* given = sync["address"].get<IpAddress>()) {
        return *given;
    }
    const auto& peers = sync["peers"].items;
    const auto* peer = peers.empty() ? nullptr : peers.front().get<IpAddress>();
    for (const auto& network : networks) {
        for (const auto& subnet : network.subnets) {
            if (peer != nullptr ? subnet.contains(*peer)
                                : peers.empty() && subnet.address.family == IpAddress::Family::v4) {
                return subnet.address;
            }
        }
    }
    return std::nullopt;
}

} // namespace lbd::config
