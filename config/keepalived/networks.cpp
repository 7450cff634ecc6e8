// SPDX-License-Identifier: BSD-3-Clause
#include "config/keepalived/networks.h"

#include <algorithm>

#include "config/keepalived/keywords.h"
#include "config/schema_parts.h"

namespace lbd::config::keepalived {

namespace {

constexpr std::size_t most_interfaces = 4096; // VLANs of a trunk

struct Tagged {
    std::string base;
    unsigned id;
};

// "eth0.10"
std::optional<Tagged> tagged_of(const std::string& name) {
    const auto dot = name.rfind('.');
    if (dot == std::string::npos || dot == 0) {
        return std::nullopt;
    }
    const auto id = number_of(std::string_view(name).substr(dot + 1));
    constexpr unsigned most = 4094;
    return id && *id >= 1 && *id <= most ? std::optional(Tagged{.base = name.substr(0, dot),
                                                                .id = static_cast<unsigned>(*id)})
                                         : std::nullopt;
}

bool is_interface_name(const std::string& name) {
    return parts::interface_name().parse(name).has_value();
}

} // namespace

Networks::Networks(const Options& options) : options_(options) {
    for (const auto& [interface, device] : options.devices) {
        name_of(interface);
    }
    for (const auto& [interface, addresses] : options.addresses) {
        name_of(interface);
    }
}

Networks::Interface* Networks::find(const std::string& name) {
    const auto found = std::find_if(interfaces_.begin(), interfaces_.end(),
                                    [&](const Interface& each) { return each.name == name; });
    return found == interfaces_.end() ? nullptr : &*found;
}

const Networks::Interface* Networks::find(const std::string& name) const {
    const auto found = std::find_if(interfaces_.begin(), interfaces_.end(),
                                    [&](const Interface& each) { return each.name == name; });
    return found == interfaces_.end() ? nullptr : &*found;
}

Networks::Interface& Networks::add(const std::string& name) {
    if (auto* known = find(name)) {
        return *known;
    }
    const auto tagged = options_.devices.count(name) != 0 ? std::nullopt : tagged_of(name);
    Interface interface { .name = name, .port = "", .vlan = 0 };
    if (tagged) {
        interface.port = add(tagged->base).port;
        interface.vlan = tagged->id;
    } else {
        interface.port = "lb" + std::to_string(ports_++);
    }
    interfaces_.push_back(std::move(interface));
    return interfaces_.back();
}

std::optional<std::string> Networks::name_of(const std::string& interface) {
    if (!is_interface_name(interface) ||
        (interfaces_.size() >= most_interfaces && !has(interface))) {
        return std::nullopt;
    }
    const auto& added = add(interface);
    return added.vlan == 0 ? added.port : added.port + '.' + std::to_string(added.vlan);
}

bool Networks::has(const std::string& interface) const {
    return find(interface) != nullptr;
}

void Networks::add_address(const std::string& interface, const Prefix& address) {
    if (name_of(interface)) {
        add(interface).addresses.push_back(address);
    }
}

void Networks::set_gateway(const std::string& interface, const IpAddress& gateway) {
    if (name_of(interface)) {
        add(interface).gateways.push_back(gateway);
    }
}

std::vector<Prefix> Networks::addresses_of(const std::string& interface) const {
    std::vector<Prefix> addresses;
    const auto given = options_.addresses.find(interface);
    if (given != options_.addresses.end()) {
        addresses = given->second;
    } else if (options_.addresses_here) {
        addresses = options_.addresses_here(interface);
    }
    if (const auto* known = find(interface)) {
        for (const auto& address : known->addresses) {
            if (std::find(addresses.begin(), addresses.end(), address) == addresses.end()) {
                addresses.push_back(address);
            }
        }
    }
    addresses.erase(
        std::remove_if(addresses.begin(), addresses.end(),
                       [&](const Prefix& each) { return virtual_.count(each.address) != 0; }),
        addresses.end());
    return addresses;
}

void Networks::settle() {
    std::set<std::string> with_vlans;
    for (const auto& interface : interfaces_) {
        if (interface.vlan != 0) {
            with_vlans.insert(interface.port);
        }
    }
    for (const auto& interface : interfaces_) {
        const auto addresses = addresses_of(interface.name);
        if (addresses.empty() && (interface.vlan != 0 || with_vlans.count(interface.port) == 0)) {
            without_.push_back(interface.name);
        }
        for (const auto& address : addresses) {
            own_.insert(address.address);
            subnets_.push_back(address);
        }
    }
}

bool Networks::holds(const IpAddress& address) const {
    return std::any_of(subnets_.begin(), subnets_.end(),
                       [&](const Prefix& subnet) { return subnet.contains(address); });
}

void Networks::put_addresses(Yaml& map, const Interface& interface) const {
    std::vector<std::string> texts;
    const auto own = addresses_of(interface.name);
    texts.reserve(own.size());
    for (const auto& address : own) {
        texts.push_back(address.text());
    }
    if (!texts.empty()) {
        map.set("addresses", Yaml::words(texts));
    }
    for (const auto& gateway : interface.gateways) {
        const bool reachable = std::any_of(
            own.begin(), own.end(), [&](const Prefix& each) { return each.contains(gateway); });
        if (reachable || own.empty()) {
            map.set(gateway.family == IpAddress::Family::v4 ? "gateway" : "gateway6",
                    gateway.text());
        }
    }
}

Yaml Networks::port(const Interface& interface) const {
    auto port = Yaml::map();
    port.set("name", interface.port, "was " + interface.name);
    const auto device = options_.devices.find(interface.name);
    const bool given = device != options_.devices.end();
    auto vlans = Yaml::list();
    for (const auto& each : interfaces_) {
        if (each.vlan != 0 && each.port == interface.port) {
            auto vlan = Yaml::map();
            vlan.set("id", std::to_string(each.vlan));
            put_addresses(vlan, each);
            if (vlan.find("addresses") == nullptr) {
                vlan.set("id", std::to_string(each.vlan),
                         "FIXME: addresses: [the director's own on " + each.name + "]");
            }
            vlans.add(std::move(vlan));
        }
    }
    std::string comment;
    if (addresses_of(interface.name).empty() && vlans.empty()) {
        comment = "FIXME: addresses: [the director's own on " + interface.name + "]";
    } else if (!given) {
        comment = "or what it is to DPDK: 0000:3b:00.0, af_xdp:" + interface.name;
    }
    port.set("device", given ? device->second : "af_packet:" + interface.name, comment);
    put_addresses(port, interface);
    if (!vlans.empty()) {
        port.set("vlans", std::move(vlans));
    }
    return port;
}

Yaml Networks::ports() const {
    auto ports = Yaml::list();
    for (const auto& interface : interfaces_) {
        if (interface.vlan == 0) {
            ports.add(port(interface));
        }
    }
    return ports;
}

} // namespace lbd::config::keepalived
