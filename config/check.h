// SPDX-License-Identifier: BSD-3-Clause
// What no single value can be blamed for: values that contradict each other, and addresses that
// cannot do what they are given for. Values that are already reported as wrong are passed over.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/document.h"
#include "config/errors.h"

namespace lbd::config {

void check_workers(const Node& root, ErrorList& errors);
void check_ports(const Node& root, ErrorList& errors);
void check_vrrp(const Node& root, ErrorList& errors);
void check_services(const Node& root, ErrorList& errors);

// The port a VRRP instance or a service names, or the one it gets when it names none. Null if
// there is no such port.
const Node* port_of_instance(const Node& root, const Node& instance);
const Node* port_behind_service(const Node& root, const Node& service);

// The valid ones among a port's addresses.
std::vector<Prefix> prefixes_of(const Node& list);
bool is_on_link(const Node& port, const IpAddress& address);

// Says so if the named port does not exist, with the one that was probably meant.
void check_port_exists(const Node& root, const Node& name, ErrorList& errors);

// The address if it is IPv4 and can belong to one host; otherwise says why not.
std::optional<IpAddress> host_address(const Node& node, const IpAddress& address,
                                      ErrorList& errors);
// Why an address of any family cannot belong to one host ("is a multicast address"), if so.
std::optional<std::string> not_a_host(const IpAddress& address);
// Whether it is the network's or the broadcast address of the IPv4 prefix.
bool is_edge_of(const Prefix& prefix, const IpAddress& address);

// The director's own addresses, and to which port each belongs.
std::map<IpAddress, std::string> own_addresses(const Node& root);

// Things that must be unique, and who has them already.
template <class Key>
class Claims {
  public:
    // The path of an earlier claim, or null if this is the first.
    const std::string* claim(const Key& key, const std::string& path) {
        const auto [place, fresh] = owners_.emplace(key, path);
        return fresh ? nullptr : &place->second;
    }

  private:
    std::map<Key, std::string> owners_;
};

// Says so if an item of the list has the same text under `key` as an earlier one.
void check_unique(const Node& list, std::string_view key, ErrorList& errors);

} // namespace lbd::config
