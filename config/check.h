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
#include "config/network_nodes.h"

namespace lbd::config {

// The addresses that a backend cannot have.
struct Surroundings {
    std::map<IpAddress, std::string> own;      // the director's own, and where each belongs
    std::map<IpAddress, std::string> virtual_; // of services and VRRP, and where they are given
};

void check_workers(const Node& root, ErrorList& errors);
void check_ports(const Node& root, ErrorList& errors);
void check_vrrp(const Node& root, ErrorList& errors);
void check_sync(const Node& root, ErrorList& errors);
void check_metrics(const Node& root, ErrorList& errors);
void check_services(const Node& root, ErrorList& errors);
void check_track(const Node& root, ErrorList& errors); // of the VRRP instances
void check_notify(const Node& root, ErrorList& errors);

// Parts of the above.
void check_backends(const NetworkNodes& networks, const Node& service, const Surroundings& around,
                    ErrorList& errors);
std::string port_text(std::uint64_t port); // "80", "any"

// Says so if there is no such `what` ("service"), with the one that was probably meant.
void check_known(const Node& name, std::string_view what, const std::vector<std::string>& known,
                 ErrorList& errors);
// The same of ports and VLANs.
void check_network_exists(const NetworkNodes& networks, const Node& name, ErrorList& errors);

// Says so if a program's path is not absolute. `words`: the path and arguments.
void check_program(const Node& words, ErrorList& errors);

// The address if it can be a service's or a backend's; otherwise says why not.
std::optional<IpAddress> host_address(const Node& node, const IpAddress& address,
                                      ErrorList& errors);
// Why an address of any family cannot belong to one host ("is a multicast address"), if so.
std::optional<std::string> not_a_host(const IpAddress& address);
// Why an address in the prefix cannot be one host's there ("is the network or broadcast address of
// 10.0.0.1/24"), if so.
std::optional<std::string> not_a_host_of(const Prefix& prefix, const IpAddress& address);
bool is_link_local(const IpAddress& address);  // IPv6
const char* text_of(IpAddress::Family family); // "IPv4"

// The director's own addresses, and where each belongs ("port lb0").
std::map<IpAddress, std::string> own_addresses(const NetworkNodes& networks);

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

// Says so of what cannot be another director's address, spoken to from `own` (null: unknown).
void check_peers(const Node& list, const IpAddress* own, ErrorList& errors);

// Says so if an item of the list has the same text under `key` as an earlier one.
void check_unique(const Node& list, std::string_view key, ErrorList& errors);

} // namespace lbd::config
