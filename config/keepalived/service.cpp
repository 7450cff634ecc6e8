// SPDX-License-Identifier: BSD-3-Clause
#include "config/keepalived/service.h"

#include <algorithm>

#include "config/check.h"
#include "config/schema_parts.h"

namespace lbd::config::keepalived {

namespace {

constexpr std::size_t most_endpoints = 4096;   // of a group
constexpr std::size_t most_backends = 200'000; // of all services, and these

std::string port_of(std::uint64_t port) {
    return port == 0 ? "any" : std::to_string(port);
}

// A check that is the only one stands as `health`, several as `checks`.
void put_checks(Yaml& map, const std::vector<Yaml>& checks) {
    if (checks.empty()) {
        auto none = Yaml::map();
        none.set("type", "none");
        none.on_one_line();
        map.set("health", std::move(none));
    } else if (checks.size() == 1) {
        map.set("health", checks.front());
    } else {
        auto list = Yaml::list();
        for (const auto& check : checks) {
            list.add(check);
        }
        map.set("checks", std::move(list));
    }
}

// Whether all real servers are checked in the same way, which then is said once.
bool share_checks(const VirtualServer& server) {
    const Server* first = nullptr;
    bool unchecked = false;
    for (const auto& each : server.servers) {
        unchecked = unchecked || each.sorry || each.checks.empty();
        if (each.sorry) {
            continue;
        }
        first = first == nullptr ? &each : first;
        if (!(each.checks == first->checks)) {
            return false;
        }
    }
    // `health: {type: none}` of a backend does not say what becomes of its service's `checks`.
    return first != nullptr && (first->checks.size() <= 1 || !unchecked);
}

bool is_tunnel(const std::string& method) {
    return method == "ipip" || method == "gue";
}

} // namespace

void Services::add_group_keywords(Keywords& top) {
    top.on_block("virtual_server_group", [this](const Block& block) { read_group(block); });
}

void Services::add_keywords(Keywords& top) {
    top.on_block("virtual_server", [this](const Block& block) { read_service(block); });
}

void Services::read_group(const Block& block) {
    Arguments arguments(block, scene_.report);
    auto& group = groups_[arguments.next()];
    arguments.finish();
    for (const auto& line : block.items) {
        if (line.braces || line.keyword() == "fwmark") {
            lost(scene_.report, line, "lbd does not know firewall marks; give addresses and ports");
            continue;
        }
        const auto left = most_endpoints - std::min(most_endpoints, group.endpoints.size());
        const auto range = range_of(line.keyword(), left);
        const auto port = line.words.size() > 1 ? number_of(line.words[1]) : 0;
        if (!range || !port || *port > UINT16_MAX) {
            lost(scene_.report, line,
                 "this is no address or range and port, or the group would have more than " +
                     std::to_string(most_endpoints) + " addresses");
            continue;
        }
        Arguments(line, scene_.report, 2).finish();
        for (const auto& address : *range) {
            group.endpoints.push_back({.address = address, .port = *port});
        }
    }
}

std::vector<Endpoint> Services::endpoints_of(const Block& block) {
    Arguments arguments(block, scene_.report);
    if (arguments.take("fwmark")) {
        lost(scene_.report, block, "lbd does not know firewall marks; give address and port");
        return {};
    }
    std::vector<Endpoint> endpoints;
    if (arguments.take("group")) {
        const auto& name = arguments.next();
        const auto group = groups_.find(name);
        if (group == groups_.end() || group->second.endpoints.empty()) {
            lost(scene_.report, block, "the group has no address that lbd can have");
        } else {
            endpoints = group->second.endpoints;
        }
    } else {
        const auto address = IpAddress::parse(arguments.next());
        const auto port = arguments.empty() ? 0 : number_of(arguments.next());
        if (!address || !port || *port > UINT16_MAX) {
            lost(scene_.report, block, "this is no address and port");
        } else {
            endpoints.push_back({.address = *address, .port = *port});
        }
    }
    arguments.finish();
    return endpoints;
}

void Services::read_service(const Block& block) {
    auto endpoints = endpoints_of(block);
    if (endpoints.empty()) {
        return; // reported as a whole
    }
    VirtualServer server;
    read_virtual_server(block, server, scene_);
    server.shares_checks = share_checks(server);
    backends_ += endpoints.size() * (server.servers.size() + 1);
    if (backends_ > most_backends) {
        lost(scene_.report, block, "there would be more backends than any director has");
        return;
    }
    const bool named = std::any_of(block.items.begin(), block.items.end(),
                                   [](const Block& item) { return item.keyword() == "protocol"; });
    if (!named) {
        changed(scene_.report, block,
                "no protocol is given, which keepalived takes for UDP; if TCP is meant, change it");
    }
    if (server.protocol.empty()) {
        lost(scene_.report, block, "lbd has TCP and UDP only");
        return;
    }
    services_.emplace_back(std::move(server), std::move(endpoints));
}

// Whether lbd can have it as a backend.
bool Services::usable(const Server& real, const Endpoint& endpoint, bool tunnel) {
    const auto& address = real.endpoint.address;
    std::string reason;
    if (const auto wrong = not_a_host(address)) {
        reason = *wrong + "; a backend is another machine";
    } else if (is_link_local(address)) {
        reason = "is link-local; give a global or unique local address";
    } else if (scene_.networks.is_own(address)) {
        reason = "is the director's own; a backend is another machine";
    } else if (scene_.networks.is_virtual(address)) {
        reason = "is a virtual address; give the backend's own";
    } else if (!tunnel && address.family != endpoint.address.family) {
        reason = "is not of the service's family, which Direct Routing needs";
    }
    if (!reason.empty()) {
        if (reported_once(*real.block)) {
            lost(scene_.report, *real.block, address.text() + ' ' + reason);
        }
        return false;
    }
    if (!tunnel && scene_.networks.all_have_addresses() && !scene_.networks.holds(address) &&
        reported_once(*real.block)) {
        lost(scene_.report, *real.block,
             "Direct Routing needs " + address.text() +
                 " in a subnet of a port, and it is in none; give the interface that leads to it "
                 "with --address INTERFACE=ADDRESS/LENGTH");
    }
    return true;
}

// Where any port is served, keepalived connects to that of the real server.
std::vector<Yaml> Services::checks_to(const Endpoint& endpoint, const Server& real) {
    if (endpoint.port != 0) {
        return real.checks;
    }
    std::vector<Yaml> checks;
    for (auto check : real.checks) {
        const auto& type = check.find("type")->scalar();
        if (type != "ping" && type != "script" && check.find("port") == nullptr) {
            if (real.endpoint.port == 0) {
                if (reported_once(*real.block)) {
                    lost(scene_.report, *real.block,
                         "for its check of type " + type + " no port is given; add connect_port");
                }
                continue;
            }
            check.set("port", std::to_string(real.endpoint.port));
        }
        checks.push_back(std::move(check));
    }
    return checks;
}

std::optional<Yaml> Services::backend(const VirtualServer& server, const Server& real,
                                      const Endpoint& endpoint) {
    const auto& forwarding = real.forwarding ? *real.forwarding : server.forwarding;
    const bool tunnel = is_tunnel(forwarding.method);
    if (!usable(real, endpoint, tunnel)) {
        return std::nullopt;
    }
    auto yaml = Yaml::map();
    yaml.set("address", real.endpoint.address.text(), real.block->origin.text());
    if (real.endpoint.port != 0 && real.endpoint.port != endpoint.port &&
        said_ports_.insert({real.block, endpoint.port}).second) {
        changed(scene_.report, *real.block,
                "the port cannot be changed on the way: the backend must listen on port " +
                    port_of(endpoint.port) + " itself, not on " + port_of(real.endpoint.port));
    }
    for (const auto& [key, value] : real.values.entries()) {
        yaml.set(key, value);
    }
    if (real.forwarding) {
        const auto& usual = server.forwarding.method;
        if (tunnel != is_tunnel(usual) || (tunnel && forwarding.method != usual)) {
            yaml.set("forwarding", tunnel ? forwarding.method : "dr");
        }
        if (!forwarding.gue_port.empty()) {
            keepalived::put(yaml, *parts::service().find("backends")->section, "gue_port",
                            forwarding.gue_port, *forwarding.line, scene_.report);
        }
        if (forwarding.method == "NAT" && reported_once(*forwarding.line)) {
            changed(scene_.report, *forwarding.line,
                    "NAT: it is dr, so the backend must hold the virtual address on its loopback "
                    "(tools/realserver) and answer the clients itself");
        }
    }
    if (real.sorry) {
        yaml.set("sorry", "true");
    }
    if (!server.shares_checks || real.sorry || endpoint.port == 0) {
        put_checks(yaml, checks_to(endpoint, real));
    }
    if (!real.notify.empty()) {
        yaml.set("notify", real.notify);
    }
    return yaml;
}

void Services::write(const VirtualServer& server, const Endpoint& endpoint, Yaml& list) {
    if (!claimed_.insert({endpoint.address, endpoint.port, server.protocol}).second) {
        lost(scene_.report, *server.block,
             endpoint.address.text() + " port " + port_of(endpoint.port) +
                 " is a service already, the first one is kept");
        return;
    }
    auto yaml = Yaml::map();
    const auto name = server.name.empty() ? server.protocol + '-' + endpoint.address.text() + '-' +
                                                port_of(endpoint.port)
                                          : server.name;
    const auto label = label_of(name, scene_.names);
    yaml.set("name", label, server.block->origin.text());
    if (label != name && !server.name.empty() && reported_once(*server.block)) {
        changed(scene_.report, *server.block, "its name becomes " + label);
    }
    yaml.set("address", endpoint.address.text());
    yaml.set("port", port_of(endpoint.port));
    yaml.set("protocol", server.protocol);
    const auto& forwarding = server.forwarding;
    yaml.set("forwarding", is_tunnel(forwarding.method) ? forwarding.method : "dr");
    if (!forwarding.gue_port.empty()) {
        keepalived::put(yaml, parts::service(), "gue_port", forwarding.gue_port, *forwarding.line,
                        scene_.report);
    }
    yaml.set("scheduler", server.scheduler);
    if (server.hash_port ||
        (server.flag_2 && (server.scheduler == "sh" || server.scheduler == "mh"))) {
        yaml.set("hash_port", "true");
    }
    for (const auto& [key, value] : server.values.entries()) {
        yaml.set(key, value);
    }
    yaml.set("on_no_backend", "reject"); // IPVS: ICMP port unreachable
    const auto inhibited = std::count_if(server.servers.begin(), server.servers.end(),
                                         [](const Server& each) { return each.inhibit; });
    if (inhibited > 0) {
        yaml.set("on_backend_down", "keep");
    }
    const auto real_servers = std::count_if(server.servers.begin(), server.servers.end(),
                                            [](const Server& each) { return !each.sorry; });
    if (inhibited > 0 && inhibited < real_servers && reported_once(*server.block)) {
        changed(scene_.report, *server.block,
                "inhibit_on_failure is that of some real servers; on_backend_down is for all of a "
                "service, so it is keep");
    }
    if (server.shares_checks && endpoint.port != 0) {
        const auto real = std::find_if(server.servers.begin(), server.servers.end(),
                                       [](const Server& each) { return !each.sorry; });
        put_checks(yaml, real->checks);
    }
    if (!server.notify.empty()) {
        yaml.set("notify", server.notify);
    }
    auto backends = Yaml::list();
    std::set<IpAddress> claimed;
    for (const auto& real : server.servers) {
        auto one = backend(server, real, endpoint);
        if (one && !claimed.insert(real.endpoint.address).second) {
            lost(scene_.report, *real.block,
                 real.endpoint.address.text() + " is a backend of the service already");
        } else if (one) {
            backends.add(std::move(*one));
        }
    }
    if (!backends.empty()) {
        yaml.set("backends", std::move(backends));
    }
    list.add(std::move(yaml));
}

void Services::exclude_addresses() {
    for (const auto& [server, endpoints] : services_) {
        for (const auto& endpoint : endpoints) {
            scene_.networks.exclude(endpoint.address);
        }
    }
}

void Services::put(Yaml& document) {
    auto list = Yaml::list();
    for (const auto& [server, endpoints] : services_) {
        const bool own_method =
            std::all_of(server.servers.begin(), server.servers.end(),
                        [](const Server& each) { return each.forwarding.has_value(); });
        if (server.forwarding.method == "NAT" && (!own_method || server.servers.empty())) {
            changed(
                scene_.report,
                server.forwarding.line != nullptr ? *server.forwarding.line : *server.block,
                "NAT: it is dr, so the backends must hold the virtual address on their loopback "
                "(tools/realserver) and answer the clients themselves");
        }
        for (const auto& endpoint : endpoints) {
            write(server, endpoint, list);
        }
    }
    if (!list.empty()) {
        document.set("services", std::move(list));
    }
}

} // namespace lbd::config::keepalived
