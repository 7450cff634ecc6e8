// SPDX-License-Identifier: BSD-3-Clause
// The networks of a document, and through which of them an instance or a backend is reached.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/document.h"

namespace lbd::config {

// A port's untagged network, or one of its VLANs.
struct NetworkNode {
    const Node* node; // has addresses, gateway and gateway6
    bool tagged;
    std::string name;            // empty if what is given is no name
    std::vector<Prefix> subnets; // the valid ones
    bool reported;               // its addresses are not all there, which is an error already

    bool holds(const IpAddress& address) const;
    bool has(IpAddress::Family family) const;
    const IpAddress* gateway(IpAddress::Family family) const;
    std::string title() const; // "port lb0", "VLAN lb0.5"
};

// Each port and then its VLANs, in the order of the file. Refers to the document.
using NetworkNodes = std::vector<NetworkNode>;
NetworkNodes network_nodes(const Node& root);

// The valid ones of a list.
std::vector<Prefix> prefixes_of(const Node& list);

// Of a VRRP instance's advertisements: the peers', else IPv4 if it has any virtual address of that.
IpAddress::Family family_of_instance(const Node& instance);
// The port's own address to send them from, given or implied. None: the link-local one of IPv6, or
// there is no suitable one.
std::optional<IpAddress> source_of_instance(const NetworkNode& network, const Node& instance);
// What a VRRP instance names, or the network it gets when it names none. Null if there is no such
// network.
const NetworkNode* network_of_instance(const NetworkNodes& networks, const Node& instance);

// Those that may lead to a service's backends: the one that it names, else all.
using Candidates = std::vector<const NetworkNode*>;
Candidates networks_behind(const NetworkNodes& networks, const Node& service);

// How packets reach a backend.
struct Way {
    const NetworkNode* network = nullptr; // null: there is none
    std::optional<IpAddress> gateway;     // if the backend is not on the link
};
Way way_to(const Candidates& candidates, const Node& service, const Node& backend);

// What a service names, or the network through which most of its backends are reached.
const NetworkNode* network_of_service(const NetworkNodes& networks, const Node& service);

// Whether the section asks for synchronisation.
bool is_synchronised(const Node& sync);
// The director's own address that it speaks from, given or implied.
std::optional<IpAddress> sync_address(const NetworkNodes& networks, const Node& sync);

} // namespace lbd::config
