// SPDX-License-Identifier: BSD-3-Clause
// The interfaces that keepalived.conf names become lbd's ports lb0, lb1 and so on, and VLANs.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/keepalived/import.h"
#include "config/keepalived/yaml.h"

namespace lbd::config::keepalived {

class Networks {
  public:
    // The interfaces of the options come first.
    explicit Networks(const Options& options);

    // The port or VLAN that the interface becomes; from now on it is one. Nothing if an interface
    // cannot have that name.
    std::optional<std::string> name_of(const std::string& interface);
    // Whether it is one, or the command line says what it should be.
    bool has(const std::string& interface) const;
    bool empty() const { return interfaces_.empty(); }

    void add_address(const std::string& interface, const Prefix& address);
    void set_gateway(const std::string& interface, const IpAddress& gateway);
    // Addresses that move between directors are nobody's own.
    void exclude(const IpAddress& address) { virtual_.insert(address); }
    bool is_virtual(const IpAddress& address) const { return virtual_.count(address) != 0; }
    // When all is added and excluded; what is below needs it.
    void settle();

    // The director's own on the interface, after everything was excluded.
    std::vector<Prefix> addresses_of(const std::string& interface) const;
    bool all_have_addresses() const { return !interfaces_.empty() && without_.empty(); }
    // The interfaces that lbd needs an address for.
    const std::vector<std::string>& without_addresses() const { return without_; }
    bool is_own(const IpAddress& address) const { return own_.count(address) != 0; }
    bool holds(const IpAddress& address) const; // in the subnet of one

    Yaml ports() const;

  private:
    struct Interface {
        std::string name; // in keepalived.conf
        std::string port; // here, also of its VLANs
        unsigned vlan = 0;
        std::vector<Prefix> addresses{}; // added
        std::vector<IpAddress> gateways{};
    };
    Interface* find(const std::string& name);
    const Interface* find(const std::string& name) const;
    Interface& add(const std::string& name);
    void put_addresses(Yaml& map, const Interface& interface) const;
    Yaml port(const Interface& interface) const;

    const Options& options_;
    std::vector<Interface> interfaces_;
    std::set<IpAddress> virtual_;
    std::set<IpAddress> own_;
    std::vector<Prefix> subnets_;
    std::vector<std::string> without_;
    unsigned ports_ = 0;
};

} // namespace lbd::config::keepalived
