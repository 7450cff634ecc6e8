// SPDX-License-Identifier: BSD-3-Clause
// virtual_server, virtual_server_group and real_server.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "config/keepalived/check.h"
#include "config/keepalived/scene.h"

namespace lbd::config::keepalived {

struct Endpoint {
    IpAddress address;
    std::uint64_t port = 0; // 0: any
};

struct Method {
    std::string method = "NAT"; // DR, NAT or the word of `forwarding`
    std::string gue_port{};
    const Block* line = nullptr;
};

struct Server { // real or sorry
    const Block* block = nullptr;
    Endpoint endpoint;
    Yaml values; // keys of a backend
    Yaml notify = Yaml::list();
    std::vector<Yaml> checks;
    std::optional<Method> forwarding;
    bool inhibit = false;
    bool sorry = false;
};

struct VirtualServer {
    const Block* block = nullptr;
    Yaml values; // keys of a service
    Yaml notify = Yaml::list();
    std::string protocol = "udp";  // keepalived's default, as it is the kernel's
    std::string scheduler = "wlc"; // keepalived's default
    std::string name;
    bool hash_port = false;
    bool flag_2 = false;
    bool inhibit = false;
    Method forwarding;
    CheckDefaults checks;
    std::vector<Server> servers;
    bool shares_checks = false; // all real servers are checked in the same way
};

class Services {
  public:
    explicit Services(Scene& scene) : scene_(scene) {}

    void add_keywords(Keywords& top);       // virtual_server
    void add_group_keywords(Keywords& top); // virtual_server_group; they come first
    // Once everything is read: the services' addresses are none of the director's own.
    void exclude_addresses();
    void put(Yaml& document);

  private:
    void read_group(const Block& block);
    void read_service(const Block& block);
    std::vector<Endpoint> endpoints_of(const Block& block);
    void write(const VirtualServer& server, const Endpoint& endpoint, Yaml& list);
    std::optional<Yaml> backend(const VirtualServer& server, const Server& real,
                                const Endpoint& endpoint);
    std::vector<Yaml> checks_to(const Endpoint& endpoint, const Server& real);
    bool usable(const Server& real, const Endpoint& endpoint, bool tunnel);
    bool reported_once(const Block& block) { return said_.insert(&block).second; }

    struct Group {
        std::vector<Endpoint> endpoints;
    };

    Scene& scene_;
    std::map<std::string, Group> groups_;
    std::vector<std::pair<VirtualServer, std::vector<Endpoint>>> services_;
    std::size_t backends_ = 0;
    std::set<std::tuple<IpAddress, std::uint64_t, std::string>> claimed_;
    std::set<std::pair<const Block*, std::uint64_t>> said_ports_;
    std::set<const Block*> said_; // what is wrong with a server of a group is said once
};

// "192.0.2.1", "192.0.2.1-10", "192.0.2.250-192.0.3.10", "192.0.2.8/29" and the like of IPv6.
// Nothing if it is none, or more than `most` addresses.
std::optional<std::vector<IpAddress>> range_of(const std::string& text, std::size_t most);

// The lines of a virtual_server but virtual_server itself.
void read_virtual_server(const Block& block, VirtualServer& server, Scene& scene);

} // namespace lbd::config::keepalived
