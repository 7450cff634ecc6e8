// SPDX-License-Identifier: BSD-3-Clause
#include "config/check.h"

#include "config/nearest.h"

namespace lbd::config {

namespace {

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

void check_known(const Node& name, std::string_view what, const std::vector<std::string>& known,
                 ErrorList& errors) {
    if (name.text() == nullptr ||
        std::find(known.begin(), known.end(), *name.text()) != known.end()) {
        return;
    }
    errors.say(name.place, name.path,
               "there is no " + std::string(what) + ' ' + in_quotes(*name.text()) +
                   suggestion(*name.text(), known));
}

void check_network_exists(const NetworkNodes& networks, const Node& name, ErrorList& errors) {
    std::vector<std::string> names;
    for (const auto& network : networks) {
        if (!network.name.empty()) {
            names.push_back(network.name);
        }
    }
    check_known(name, "port or VLAN", names, errors);
}

void check_program(const Node& words, ErrorList& errors) {
    if (words.items.empty()) {
        return;
    }
    const auto& program = words.items.front();
    const auto* path = program.text();
    if (path != nullptr && path->front() != '/') {
        errors.not_allowed(program.place, program.path, in_quotes(*path),
                           "an absolute path, as no shell looks for it");
    }
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
    if (Prefix::parse("::ffff:0:0/96")->contains(address)) {
        return "is an IPv4-mapped address, which no packet has; write it as IPv4";
    }
    return address.bytes[0] == 0xff ? std::optional<std::string>("is a multicast address")
                                    : std::nullopt;
}

std::optional<IpAddress> host_address(const Node& node, const IpAddress& address,
                                      ErrorList& errors) {
    if (const auto reason = not_a_host(address)) {
        errors.say(node.place, node.path, address.text() + ' ' + *reason);
        return std::nullopt;
    }
    if (is_link_local(address)) {
        errors.say(node.place, node.path,
                   address.text() +
                       " is a link-local address, which is not supported here; give "
                       "a global or unique local one");
        return std::nullopt;
    }
    return address;
}

void check_peers(const Node& list, const IpAddress* own, ErrorList& errors) {
    Claims<IpAddress> claims;
    for (const auto& node : list.items) {
        const auto* peer = node.get<IpAddress>();
        if (peer == nullptr || !host_address(node, *peer, errors)) {
            continue;
        }
        if (const auto* earlier = claims.claim(*peer, node.path)) {
            errors.say(node.place, node.path, peer->text() + " is already given at " + *earlier);
        }
        if (own != nullptr && *peer == *own) {
            errors.say(node.place, node.path, peer->text() + " is the director's own address");
        } else if (own != nullptr && peer->family != own->family) {
            errors.say(node.place, node.path,
                       peer->text() + " is not of the family of the own address " + own->text());
        }
    }
}

std::optional<std::string> not_a_host_of(const Prefix& prefix, const IpAddress& address) {
    const std::size_t bits = address.family == IpAddress::Family::v4 ? 32 : 128;
    // RFC 3021 and 6164: both addresses of a /31 or /127 are hosts'.
    if (!prefix.contains(address) || prefix.length + 1U >= bits) {
        return std::nullopt;
    }
    bool zeros = true;
    bool ones = true;
    for (std::size_t bit = prefix.length; bit < bits; ++bit) {
        const bool set = (address.bytes[bit / 8] >> (7 - bit % 8) & 1U) != 0;
        zeros = zeros && !set;
        ones = ones && set;
    }
    if (bits == 32 && (zeros || ones)) {
        return "is the network or broadcast address of " + prefix.text();
    }
    // RFC 4291 2.6.1.
    return zeros ? std::optional("is the anycast address of the routers of " + prefix.text())
                 : std::nullopt;
}

bool is_link_local(const IpAddress& address) {
    return Prefix::parse("fe80::/10")->contains(address);
}

const char* text_of(IpAddress::Family family) {
    return family == IpAddress::Family::v4 ? "IPv4" : "IPv6";
}

std::map<IpAddress, std::string> own_addresses(const NetworkNodes& networks) {
    std::map<IpAddress, std::string> own;
    for (const auto& network : networks) {
        for (const auto& prefix : network.subnets) {
            own.emplace(prefix.address, network.title());
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
                       in_quotes(*node.text()) + " is already the " + std::string(key) + " of " +
                           *earlier + hint);
        }
    }
}

} // namespace lbd::config
