// SPDX-License-Identifier: BSD-3-Clause
#include <tuple>

#include "config/check.h"

namespace lbd::config {

namespace {

// Two ports on one device would fight for it, also when one names its PCI address without the
// domain.
std::string device_key(const Device& device) {
    const bool short_pci = device.kind == Device::Kind::pci && device.name.size() == 7;
    std::string key = (short_pci ? "0000:" : "") + device.name;
    // af_packet and af_xdp on one interface are the same device.
    return (device.kind == Device::Kind::af_packet || device.kind == Device::Kind::af_xdp
                ? "interface "
                : "") +
           key;
}

void check_gateway(const Node& port, ErrorList& errors) {
    const auto& node = port["gateway"];
    const auto* gateway = node.get<IpAddress>();
    const auto prefixes = prefixes_of(port["addresses"]);
    if (gateway == nullptr || prefixes.empty()) {
        return;
    }
    if (const auto reason = not_a_host(*gateway)) {
        errors.say(node.place, node.path, gateway->text() + ' ' + *reason);
        return;
    }
    if (!is_on_link(port, *gateway)) {
        errors.say(node.place, node.path,
                   gateway->text() + " is in none of the port's subnets, so it cannot be reached");
    }
    for (const auto& prefix : prefixes) {
        if (prefix.address == *gateway) {
            errors.say(node.place, node.path, gateway->text() + " is the director's own address");
        } else if (is_edge_of(prefix, *gateway)) {
            errors.say(
                node.place, node.path,
                gateway->text() + " is the network or broadcast address of " + prefix.text());
        }
    }
}

void check_own_address(const Node& node, Claims<IpAddress>& claims, ErrorList& errors) {
    const auto* prefix = node.get<Prefix>();
    if (prefix == nullptr) {
        return;
    }
    if (const auto reason = not_a_host(prefix->address)) {
        errors.say(node.place, node.path, prefix->address.text() + ' ' + *reason);
    } else if (is_edge_of(*prefix, prefix->address)) {
        errors.say(node.place, node.path,
                   prefix->address.text() + " is the network or broadcast address of " +
                       prefix->text() + "; give the director's own address in it");
    }
    if (const auto* earlier = claims.claim(prefix->address, node.path)) {
        errors.say(node.place, node.path,
                   prefix->address.text() + " is already given at " + *earlier);
    }
}

void check_cores(const Node& workers, ErrorList& errors) {
    Claims<std::uint64_t> claims;
    for (const auto& core : workers["cores"].items) {
        const auto* number = core.get<std::uint64_t>();
        const auto* earlier = number != nullptr ? claims.claim(*number, core.path) : nullptr;
        if (earlier != nullptr) {
            errors.say(core.place, core.path,
                       "core " + std::to_string(*number) + " is already given at " + *earlier);
        }
    }
}

} // namespace

void check_workers(const Node& root, ErrorList& errors) {
    const auto& workers = root["workers"];
    const auto& cores = workers["cores"];
    const auto* count = workers["count"].get<std::uint64_t>();
    if (count != nullptr && !cores.items.empty() && cores.items.size() != *count) {
        errors.say(cores.place, cores.path,
                   std::to_string(cores.items.size()) + " cores for " + std::to_string(*count) +
                       " workers; give as many cores as workers, or only the cores");
    } else if (cores.items.size() > 64) {
        errors.say(cores.place, cores.path, "more than 64 cores");
    }
    check_cores(workers, errors);
    const auto& control = root["control"]["core"];
    for (const auto& core : cores.items) {
        const auto* number = control.get<std::uint64_t>();
        if (number != nullptr && core.get<std::uint64_t>() != nullptr &&
            *number == *core.get<std::uint64_t>()) {
            errors.say(control.place, control.path,
                       "core " + std::to_string(*number) +
                           " is a worker's; the control thread needs another one");
            return;
        }
    }
}

void check_ports(const Node& root, ErrorList& errors) {
    Claims<std::string> devices;
    Claims<IpAddress> addresses;
    check_unique(root["ports"], "name", errors);
    for (const auto& port : root["ports"].items) {
        const auto& node = port["device"];
        const auto* device = node.get<Device>();
        const auto* earlier =
            device != nullptr ? devices.claim(device_key(*device), port.path) : nullptr;
        if (earlier != nullptr) {
            errors.say(node.place, node.path,
                       quoted(device->name) + " is already the device of " + *earlier);
        }
        for (const auto& address : port["addresses"].items) {
            check_own_address(address, addresses, errors);
        }
        check_gateway(port, errors);
    }
}

} // namespace lbd::config
