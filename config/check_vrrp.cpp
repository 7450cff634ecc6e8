// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>

#include "config/check.h"

namespace lbd::config {

namespace {

using namespace std::chrono_literals;

// RFC 3768 5.3.7: eight bits of seconds. RFC 9568 5.2.7: twelve bits of centiseconds.
void check_interval(const Node& instance, ErrorList& errors) {
    const auto& node = instance["interval"];
    const auto* interval = node.get<Milliseconds>();
    if (interval == nullptr) {
        return;
    }
    if (instance["version"].is("2") && (*interval % 1s != 0ms || *interval < 1s)) {
        errors.not_allowed(node.place, node.path, quoted(duration_text(*interval)),
                           "whole seconds, 1s..255s, as VRRP version 2 cannot say others");
    }
    if (instance["version"].is("3") && *interval > 40'950ms) {
        errors.not_allowed(node.place, node.path, quoted(duration_text(*interval)),
                           "multiples of 10ms, 10ms..40950ms, as VRRP version 3 cannot say others");
    }
}

void check_password(const Node& instance, ErrorList& errors) {
    const auto& node = instance["password"];
    if (node.given && instance["version"].is("3")) {
        errors.say(node.place, node.path,
                   "VRRP version 3 has no authentication (RFC 9568 section 9); remove the password "
                   "or use version: 2");
    }
}

bool is_v4(const Prefix& prefix) {
    return prefix.address.family == IpAddress::Family::v4;
}

void check_virtual_addresses(const Node& instance, const std::map<IpAddress, std::string>& own,
                             Claims<IpAddress>& claims, ErrorList& errors) {
    const auto& list = instance["virtual_addresses"];
    const auto prefixes = prefixes_of(list);
    const auto advertised = std::count_if(prefixes.begin(), prefixes.end(), is_v4);
    // RFC 9568 5.2.5: the count is one byte.
    if (advertised > 255) {
        errors.say(list.place, list.path,
                   "more than 255 IPv4 addresses do not fit an advertisement");
    }
    if (advertised == 0 && !prefixes.empty() && prefixes.size() == list.items.size()) {
        errors.say(list.place, list.path,
                   "VRRP over IPv6 is not supported yet: give at least one IPv4 address, which the "
                   "advertisements carry; the IPv6 addresses move along with it");
    }
    for (const auto& node : list.items) {
        const auto* prefix = node.get<Prefix>();
        const auto address =
            prefix != nullptr ? host_address(node, prefix->address, errors) : std::nullopt;
        if (!address) {
            continue;
        }
        if (const auto owner = own.find(*address); owner != own.end()) {
            errors.say(node.place, node.path,
                       address->text() + " is the director's own address on " + owner->second +
                           "; a virtual address moves between directors");
        }
        if (const auto* earlier = claims.claim(*address, node.path)) {
            errors.say(node.place, node.path, address->text() + " is already given at " + *earlier);
        }
    }
}

void check_source(const Node& instance, const NetworkNode& network, ErrorList& errors) {
    if (!network.reported && !network.has(IpAddress::Family::v4)) {
        const auto& node = instance["port"];
        errors.say(node.place, node.path,
                   network.title() + " has no IPv4 address to send advertisements from");
    }
}

void check_vrid(const Node& instance, const NetworkNode& network,
                Claims<std::pair<std::string, std::uint64_t>>& claims, ErrorList& errors) {
    const auto& node = instance["vrid"];
    const auto* vrid = node.get<std::uint64_t>();
    const auto* earlier =
        vrid != nullptr ? claims.claim({network.node->path, *vrid}, instance.path) : nullptr;
    if (earlier != nullptr) {
        errors.say(node.place, node.path,
                   "vrid " + std::to_string(*vrid) + " is already used on this " +
                       (network.tagged ? "VLAN" : "port") + " by " + *earlier);
    }
}

} // namespace

void check_vrrp(const Node& root, ErrorList& errors) {
    const auto networks = network_nodes(root);
    const auto own = own_addresses(networks);
    Claims<IpAddress> addresses;
    Claims<std::pair<std::string, std::uint64_t>> routers;
    check_unique(root["vrrp"], "name", errors);
    for (const auto& instance : root["vrrp"].items) {
        check_network_exists(networks, instance["port"], errors);
        check_interval(instance, errors);
        check_password(instance, errors);
        check_virtual_addresses(instance, own, addresses, errors);
        if (const auto* network = network_of_instance(networks, instance)) {
            check_source(instance, *network, errors);
            check_vrid(instance, *network, routers, errors);
        }
    }
}

} // namespace lbd::config
