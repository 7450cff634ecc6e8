// SPDX-License-Identifier: BSD-3-Clause
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

void check_gateway(const NetworkNode& network, IpAddress::Family family, ErrorList& errors) {
    const auto* gateway = network.gateway(family);
    if (gateway == nullptr || network.reported) {
        return;
    }
    const auto& node = (*network.node)[family == IpAddress::Family::v4 ? "gateway" : "gateway6"];
    const auto wrong = [&](const std::string& reason) {
        errors.say(node.place, node.path, gateway->text() + ' ' + reason);
    };
    if (const auto reason = not_a_host(*gateway)) {
        wrong(*reason);
        return;
    }
    if (is_link_local(*gateway)) {
        if (!network.has(family)) {
            wrong("is of no use without an IPv6 address of the director's own");
        }
    } else if (!network.holds(*gateway)) {
        wrong(std::string("is in none of the ") + (network.tagged ? "VLAN" : "port") +
              "'s subnets, so it cannot be reached");
    }
    for (const auto& subnet : network.subnets) {
        const auto reason = not_a_host_of(subnet, *gateway);
        if (subnet.address == *gateway) {
            wrong("is the director's own address");
        } else if (reason && family == IpAddress::Family::v4) { // IPv6: it is a router
            wrong(*reason);
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
    } else if (const auto edge = not_a_host_of(*prefix, prefix->address)) {
        errors.say(
            node.place, node.path,
            prefix->address.text() + ' ' + *edge + "; give the director's own address in it");
    }
    if (const auto* earlier = claims.claim(prefix->address, node.path)) {
        errors.say(node.place, node.path,
                   prefix->address.text() + " is already given at " + *earlier);
    }
}

void check_device(const Node& port, Claims<std::string>& claims, ErrorList& errors) {
    const auto& node = port["device"];
    const auto* device = node.get<Device>();
    const auto* earlier =
        device != nullptr ? claims.claim(device_key(*device), port.path) : nullptr;
    if (earlier != nullptr) {
        errors.say(node.place, node.path,
                   in_quotes(device->name) + " is already the device of " + *earlier);
    }
}

// Two VLANs with one id have one default name as well, which is not worth a second error.
bool has_own_id(const NetworkNode& network, const Node& port, Claims<std::string>& ids,
                ErrorList& errors) {
    const auto& node = (*network.node)["id"];
    const auto* id = network.tagged ? node.get<std::uint64_t>() : nullptr;
    const auto* earlier = id != nullptr
                              ? ids.claim(port.path + '.' + std::to_string(*id), network.node->path)
                              : nullptr;
    if (earlier != nullptr) {
        errors.say(node.place, node.path,
                   "VLAN " + std::to_string(*id) + " is already " + *earlier);
    }
    return earlier == nullptr;
}

void check_name(const NetworkNode& network, Claims<std::string>& claims, ErrorList& errors) {
    const auto& node = (*network.node)["name"];
    if (network.name.size() > 15) { // of what is given this is reported already
        errors.say(node.place, node.path,
                   "the default, " + in_quotes(network.name) +
                       ", is longer than the 15 characters of an interface's name; give another");
    }
    const auto* earlier =
        network.name.empty() ? nullptr : claims.claim(network.name, network.node->path);
    if (earlier != nullptr) {
        const auto* hint = node.given ? "" : ", the default; name one of them differently";
        errors.say(node.place, node.path,
                   in_quotes(network.name) + " is already the name of " + *earlier + hint);
    }
}

// RFC 8200 5; Linux has no IPv6 on an interface with less.
void check_mtu(const Node& port, const NetworkNode& network, ErrorList& errors) {
    const auto& node = port["mtu"];
    const auto* mtu = node.get<std::uint64_t>();
    if (mtu != nullptr && *mtu < 1280 && network.has(IpAddress::Family::v6)) {
        errors.not_allowed(node.place, node.path, in_quotes(std::to_string(*mtu)),
                           "1280..9600, as " + network.title() + " has an IPv6 address");
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
    Claims<std::string> names;
    Claims<std::string> ids;
    Claims<IpAddress> addresses;
    const Node* port = &root; // until the first network, which is a port's untagged one
    for (const auto& network : network_nodes(root)) {
        if (!network.tagged) {
            port = network.node;
            check_device(*port, devices, errors);
        }
        if (has_own_id(network, *port, ids, errors)) {
            check_name(network, names, errors);
        }
        for (const auto& address : (*network.node)["addresses"].items) {
            check_own_address(address, addresses, errors);
        }
        check_gateway(network, IpAddress::Family::v4, errors);
        check_gateway(network, IpAddress::Family::v6, errors);
        check_mtu(*port, network, errors);
    }
}

} // namespace lbd::config
