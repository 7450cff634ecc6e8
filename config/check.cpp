// SPDX-License-Identifier: BSD-3-Clause
#include "config/check.h"

#include <algorithm>

#include "config/nearest.h"

namespace lbd::config {

namespace {

const Node* port_named(const Node& root, const std::string& name) {
    const auto& ports = root["ports"].items;
    const auto found = std::find_if(ports.begin(), ports.end(),
                                    [&](const Node& port) { return port["name"].is(name); });
    return found == ports.end() ? nullptr : &*found;
}

std::size_t backends_on_link(const Node& port, const Node& service) {
    std::size_t count = 0;
    for (const auto& backend : service["backends"].items) {
        const auto* address = backend["address"].get<IpAddress>();
        count += address != nullptr && is_on_link(port, *address) ? 1 : 0;
    }
    return count;
}

std::optional<std::string> not_a_host_v4(const IpAddress& address) {
    const auto first = address.bytes[0];
    if (first == 0) {
        return "is in 0.0.0.0/8, which no host can have";
    }
    if (first == 127) {
        return "is a loopback address";
    }
    if (first >= 224 && first < 240) {
        return "is a multicast address";
    }
    if (address == IpAddress::parse("255.255.255.255")) {
        return "is the broadcast address";
    }
    return first >= 240 ? std::optional<std::string>("is in 240.0.0.0/4, which is reserved")
                        : std::nullopt;
}

} // namespace

const Node* port_of_instance(const Node& root, const Node& instance) {
    if (const auto* name = instance["port"].text()) {
        return port_named(root, *name);
    }
    const auto& ports = root["ports"].items;
    return ports.empty() || instance["port"].given ? nullptr : &ports.front();
}

const Node* port_behind_service(const Node& root, const Node& service) {
    if (const auto* name = service["behind"].text()) {
        return port_named(root, *name);
    }
    const auto& ports = root["ports"].items;
    if (ports.empty() || service["behind"].given) {
        return nullptr;
    }
    // All of them if there is such a port; else the one with the fewest to complain about.
    const Node* best = &ports.front();
    for (const auto& port : ports) {
        if (backends_on_link(port, service) > backends_on_link(*best, service)) {
            best = &port;
        }
    }
    return best;
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

bool is_on_link(const Node& port, const IpAddress& address) {
    const auto prefixes = prefixes_of(port["addresses"]);
    return std::any_of(prefixes.begin(), prefixes.end(),
                       [&](const Prefix& prefix) { return prefix.contains(address); });
}

void check_port_exists(const Node& root, const Node& name, ErrorList& errors) {
    if (name.text() == nullptr || port_named(root, *name.text()) != nullptr) {
        return;
    }
    std::vector<std::string> names;
    for (const auto& port : root["ports"].items) {
        if (const auto* known = port["name"].text()) {
            names.push_back(*known);
        }
    }
    errors.say(name.place, name.path,
               "there is no port " + quoted(*name.text()) + suggestion(*name.text(), names));
}

std::optional<std::string> not_a_host(const IpAddress& address) {
    if (address.family == IpAddress::Family::v4) {
        return not_a_host_v4(address);
    }
    if (address == IpAddress::parse("::")) {
        return "is the unspecified address";
    }
    if (address == IpAddress::parse("::1")) {
        return "is a loopback address";
    }
    return address.bytes[0] == 0xff ? std::optional<std::string>("is a multicast address")
                                    : std::nullopt;
}

std::optional<IpAddress> host_address(const Node& node, const IpAddress& address,
                                      ErrorList& errors) {
    if (address.family != IpAddress::Family::v4) {
        errors.say(node.place, node.path, address.text() + ": IPv6 is not supported here yet");
        return std::nullopt;
    }
    if (const auto reason = not_a_host(address)) {
        errors.say(node.place, node.path, address.text() + ' ' + *reason);
        return std::nullopt;
    }
    return address;
}

bool is_edge_of(const Prefix& prefix, const IpAddress& address) {
    // RFC 3021: a /31 has neither.
    if (!prefix.contains(address) || address.family != IpAddress::Family::v4 ||
        prefix.length >= 31) {
        return false;
    }
    std::uint32_t host = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        host = host << 8U | address.bytes[i];
    }
    const std::uint32_t mask = 0xffffffffU >> prefix.length;
    return (host & mask) == 0 || (host & mask) == mask;
}

std::map<IpAddress, std::string> own_addresses(const Node& root) {
    std::map<IpAddress, std::string> own;
    for (const auto& port : root["ports"].items) {
        const auto* name = port["name"].text();
        for (const auto& prefix : prefixes_of(port["addresses"])) {
            own.emplace(prefix.address, name != nullptr ? *name : port.path);
        }
    }
    return own;
}

void check_unique(const Node& list, std::string_view key, ErrorList& errors) {
    Claims<std::string> claims;
    for (const auto& item : list.items) {
        const auto& node = item[key];
        if (node.text() == nullptr) {
            continue;
        }
        if (const auto* earlier = claims.claim(*node.text(), item.path)) {
            const auto hint = node.given ? "" : ", the default; name one of them differently";
            errors.say(node.place, node.path,
                       quoted(*node.text()) + " is already the " + std::string(key) + " of " +
                           *earlier + hint);
        }
    }
}

} // namespace lbd::config
