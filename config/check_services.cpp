// SPDX-License-Identifier: BSD-3-Clause
#include <tuple>

#include "config/check.h"

namespace lbd::config {

namespace {

struct Surroundings {
    std::map<IpAddress, std::string> own;      // the director's own addresses
    std::map<IpAddress, std::string> virtual_; // of services and VRRP, and where they are given
};

Surroundings surroundings(const Node& root) {
    Surroundings result{.own = own_addresses(root), .virtual_ = {}};
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

std::string subnets_text(const Node& port) {
    std::string text;
    for (const auto& prefix : prefixes_of(port["addresses"])) {
        text += (text.empty() ? "" : ", ") + prefix.text();
    }
    return text;
}

void check_on_link(const Node& node, const IpAddress& address, const Node& port,
                   ErrorList& errors) {
    const auto prefixes = prefixes_of(port["addresses"]);
    if (prefixes.empty()) {
        return; // what is wrong there is reported already
    }
    if (!is_on_link(port, address)) {
        const auto* name = port["name"].text();
        errors.say(node.place, node.path,
                   address.text() +
                       " is not on the link: Direct Routing needs the backend in a "
                       "subnet of port " +
                       (name != nullptr ? *name : port.path) + " (" + subnets_text(port) +
                       "), as it is reached by its MAC address");
    }
    for (const auto& prefix : prefixes) {
        if (is_edge_of(prefix, address) && prefix.address != address) {
            errors.say(node.place, node.path,
                       address.text() + " is the network or broadcast address of " + prefix.text());
            return;
        }
    }
}

void check_backend_address(const Node& node, const Node* port, const Surroundings& around,
                           ErrorList& errors) {
    const auto* given = node.get<IpAddress>();
    const auto address = given != nullptr ? host_address(node, *given, errors) : std::nullopt;
    if (!address) {
        return;
    }
    if (const auto own = around.own.find(*address); own != around.own.end()) {
        errors.say(node.place, node.path,
                   address->text() + " is the director's own address on port " + own->second +
                       "; a backend is another machine");
        return;
    }
    if (const auto vip = around.virtual_.find(*address); vip != around.virtual_.end()) {
        errors.say(node.place, node.path,
                   address->text() + " is the virtual address of " + vip->second +
                       "; give the backend's own address");
        return;
    }
    if (port != nullptr) {
        check_on_link(node, *address, *port, errors);
    }
}

void check_backend(const Node& service, const Node& backend, const Node* port,
                   const Surroundings& around, ErrorList& errors) {
    check_backend_address(backend["address"], port, around, errors);
    const auto& node = backend["port"];
    const auto* own = node.get<std::uint64_t>();
    const auto* wanted = service["port"].get<std::uint64_t>();
    if (own != nullptr && wanted != nullptr && *own != *wanted) {
        errors.say(node.place, node.path,
                   "port " + std::to_string(*own) + " differs from the service's port " +
                       std::to_string(*wanted) +
                       ": Direct Routing cannot change ports, so the backend must listen on the "
                       "service's");
    }
    const auto& mac = backend["mac"];
    const auto* bytes = mac.get<MacAddress>();
    if (bytes != nullptr && ((bytes->bytes[0] & 1U) != 0 || *bytes == MacAddress{})) {
        errors.say(mac.place, mac.path, bytes->text() + " is not the MAC address of one host");
    }
}

void check_backends(const Node& root, const Node& service, const Surroundings& around,
                    ErrorList& errors) {
    const auto* port = port_behind_service(root, service);
    Claims<IpAddress> claims;
    for (const auto& backend : service["backends"].items) {
        check_backend(service, backend, port, around, errors);
        const auto& node = backend["address"];
        const auto* address = node.get<IpAddress>();
        const auto* earlier = address != nullptr ? claims.claim(*address, backend.path) : nullptr;
        if (earlier != nullptr) {
            errors.say(node.place, node.path,
                       address->text() + " is already the backend " + *earlier);
        }
    }
}

using Endpoint = std::tuple<IpAddress, std::uint64_t, std::string>;

void check_no_broadcast(const Node& root, const Node& node, const IpAddress& address,
                        ErrorList& errors) {
    for (const auto& port : root["ports"].items) {
        for (const auto& prefix : prefixes_of(port["addresses"])) {
            if (is_edge_of(prefix, address)) {
                errors.say(
                    node.place, node.path,
                    address.text() + " is the network or broadcast address of " + prefix.text());
                return;
            }
        }
    }
}

void check_endpoint(const Node& root, const Node& service, Claims<Endpoint>& claims,
                    ErrorList& errors) {
    const auto& node = service["address"];
    const auto* given = node.get<IpAddress>();
    const auto address = given != nullptr ? host_address(node, *given, errors) : std::nullopt;
    if (address) {
        check_no_broadcast(root, node, *address, errors);
    }
    const auto* port = service["port"].get<std::uint64_t>();
    const auto* protocol = service["protocol"].text();
    if (!address || port == nullptr || protocol == nullptr) {
        return;
    }
    if (const auto* earlier = claims.claim({*address, *port, *protocol}, service.path)) {
        errors.say(node.place, node.path,
                   address->text() + ':' + std::to_string(*port) + ' ' + *protocol +
                       " is already the service " + *earlier);
    }
}

} // namespace

void check_services(const Node& root, ErrorList& errors) {
    const auto around = surroundings(root);
    Claims<Endpoint> endpoints;
    check_unique(root["services"], "name", errors);
    for (const auto& service : root["services"].items) {
        check_endpoint(root, service, endpoints, errors);
        check_port_exists(root, service["behind"], errors);
        check_backends(root, service, around, errors);
    }
}

} // namespace lbd::config
