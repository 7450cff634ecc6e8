// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <tuple>

#include "config/check.h"

namespace lbd::config {

namespace {

using namespace std::chrono_literals;

// RFC 9568 5.2.3: a VRID of IPv4 and one of IPv6 are two virtual routers.
using RouterId = std::tuple<std::string, std::uint64_t, IpAddress::Family>;

// RFC 3768 5.3.7: eight bits of seconds. RFC 9568 5.2.7: twelve bits of centiseconds.
void check_interval(const Node& instance, ErrorList& errors) {
    const auto& node = instance["interval"];
    const auto* interval = node.get<Milliseconds>();
    if (interval == nullptr) {
        return;
    }
    if (instance["version"].is("2") && (*interval % 1s != 0ms || *interval < 1s)) {
        errors.not_allowed(node.place, node.path, in_quotes(duration_text(*interval)),
                           "whole seconds, 1s..255s, as VRRP version 2 cannot say others");
    }
    if (instance["version"].is("3") && *interval > 40'950ms) {
        errors.not_allowed(node.place, node.path, in_quotes(duration_text(*interval)),
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

void check_version(const Node& instance, ErrorList& errors) {
    const auto& node = instance["version"];
    if (node.is("2") && family_of_instance(instance) == IpAddress::Family::v6) {
        errors.say(node.place, node.path,
                   "VRRP version 2 is IPv4's only (RFC 3768); use version: 3 for IPv6");
    }
}

// Unlike a service's, a virtual address may be link-local: RFC 9568 5.2.9 wants one of IPv6.
void check_virtual_address(const Node& node, const Prefix& prefix,
                           const std::map<IpAddress, std::string>& own, Claims<IpAddress>& claims,
                           ErrorList& errors) {
    const IpAddress& address = prefix.address;
    if (const auto reason = not_a_host(address)) {
        errors.say(node.place, node.path, address.text() + ' ' + *reason);
        return;
    }
    if (const auto owner = own.find(address); owner != own.end()) {
        errors.say(node.place, node.path,
                   address.text() + " is the director's own address on " + owner->second +
                       "; a virtual address moves between directors");
    }
    if (const auto* earlier = claims.claim(address, node.path)) {
        errors.say(node.place, node.path, address.text() + " is already given at " + *earlier);
    }
}

void check_virtual_addresses(const Node& instance, const std::map<IpAddress, std::string>& own,
                             Claims<IpAddress>& claims, ErrorList& errors) {
    const auto& list = instance["virtual_addresses"];
    const auto prefixes = prefixes_of(list);
    const auto family = family_of_instance(instance);
    const auto advertised =
        std::count_if(prefixes.begin(), prefixes.end(),
                      [&](const Prefix& prefix) { return prefix.address.family == family; });
    // RFC 9568 5.2.5: the count is one byte; an advertisement is never fragmented.
    if (advertised > (family == IpAddress::Family::v4 ? 255 : 75)) {
        errors.say(list.place, list.path,
                   std::string(family == IpAddress::Family::v4 ? "more than 255 IPv4"
                                                               : "more than 75 IPv6") +
                       " addresses do not fit an advertisement");
    }
    if (advertised == 0 && !prefixes.empty() && prefixes.size() == list.items.size()) {
        errors.say(list.place, list.path,
                   std::string("there is no ") + text_of(family) +
                       " address, which advertisements to the peers carry");
    }
    for (const auto& node : list.items) {
        if (const auto* prefix = node.get<Prefix>()) {
            check_virtual_address(node, *prefix, own, claims, errors);
        }
    }
}

void check_given_source(const Node& instance, const NetworkNode& network, const IpAddress& source,
                        ErrorList& errors) {
    const auto& node = instance["source"];
    const auto family = family_of_instance(instance);
    if (family == IpAddress::Family::v6 && instance["peers"].items.empty()) {
        errors.say(node.place, node.path,
                   "to the multicast group of IPv6 the link-local address speaks (RFC 9568 "
                   "5.1.2.1); remove it or give peers");
    } else if (!network.reported &&
               std::none_of(network.subnets.begin(), network.subnets.end(),
                            [&](const Prefix& subnet) { return subnet.address == source; })) {
        errors.say(node.place, node.path,
                   source.text() + " is none of the addresses of " + network.title());
    } else if (source.family != family) {
        errors.say(node.place, node.path,
                   source.text() + " is not " + text_of(family) + " as the advertisements are");
    }
}

void check_source(const Node& instance, const NetworkNode& network, ErrorList& errors) {
    if (const auto* given = instance["source"].get<IpAddress>()) {
        check_given_source(instance, network, *given, errors);
    }
    const auto family = family_of_instance(instance);
    const auto source = source_of_instance(network, instance);
    if (!source && !network.reported &&
        (family == IpAddress::Family::v4 || !instance["peers"].items.empty())) {
        const auto& node = instance["port"];
        errors.say(node.place, node.path,
                   network.title() + " has no " + text_of(family) +
                       " address to send advertisements from");
    }
    check_peers(instance["peers"], source ? &*source : nullptr, errors);
}

void check_min_ttl(const Node& instance, ErrorList& errors) {
    const auto& node = instance["min_ttl"];
    const auto* ttl = node.get<std::uint64_t>();
    if (ttl != nullptr && *ttl < 255 && instance["peers"].items.empty()) {
        errors.say(node.place, node.path,
                   "less than 255 is for peers behind routers; whoever sends to the multicast "
                   "group is on the link (RFC 9568 5.1.1.3)");
    }
}

void check_vrid(const Node& instance, const NetworkNode& network, Claims<RouterId>& claims,
                ErrorList& errors) {
    const auto& node = instance["vrid"];
    const auto* vrid = node.get<std::uint64_t>();
    const auto* earlier =
        vrid != nullptr
            ? claims.claim({network.node->path, *vrid, family_of_instance(instance)}, instance.path)
            : nullptr;
    if (earlier != nullptr) {
        errors.say(node.place, node.path,
                   "vrid " + std::to_string(*vrid) + " is already used on this " +
                       (network.tagged ? "VLAN" : "port") + " by " + *earlier);
    }
}

void check_accept(const Node& instance, ErrorList& errors) {
    const auto& node = instance["accept"];
    const auto* priority = instance["priority"].get<std::uint64_t>();
    if (priority != nullptr && *priority == 255 && node.value == Value(false)) {
        errors.say(node.place, node.path,
                   "the addresses' owner, of priority 255, always accepts what is for them (RFC "
                   "9568 6.1)");
    }
}

} // namespace

void check_vrrp(const Node& root, ErrorList& errors) {
    const auto networks = network_nodes(root);
    const auto own = own_addresses(networks);
    Claims<IpAddress> addresses;
    Claims<RouterId> routers;
    check_unique(root["vrrp"], "name", errors);
    for (const auto& instance : root["vrrp"].items) {
        check_network_exists(networks, instance["port"], errors);
        check_interval(instance, errors);
        check_password(instance, errors);
        check_version(instance, errors);
        check_min_ttl(instance, errors);
        check_accept(instance, errors);
        check_virtual_addresses(instance, own, addresses, errors);
        if (const auto* network = network_of_instance(networks, instance)) {
            check_source(instance, *network, errors);
            check_vrid(instance, *network, routers, errors);
        }
    }
    check_track(root, errors);
}

} // namespace lbd::config
