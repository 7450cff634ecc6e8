// SPDX-License-Identifier: BSD-3-Clause
#include <initializer_list>

#include "config/check.h"

namespace lbd::config {

namespace {

void check_kind(const Node& track, ErrorList& errors) {
    const auto given = static_cast<int>(track["port"].given) +
                       static_cast<int>(track["service"].given) +
                       static_cast<int>(track["script"].given) +
                       static_cast<int>(track["workers"].value == Value(true));
    if (given != 1) {
        errors.say(track.place, track.path, "give one of port, service, script and workers: true");
    }
}

void check_belongs(const Node& track, std::initializer_list<std::string_view> keys,
                   std::string_view to, ErrorList& errors) {
    for (const auto key : keys) {
        const auto& node = track[key];
        if (node.given && !track[to].given) {
            errors.say(node.place, node.path, "belongs to a " + std::string(to));
        }
    }
}

void check_owner(const Node& instance, const Node& track, ErrorList& errors) {
    const auto& node = track["lower_priority_by"];
    const auto* priority = instance["priority"].get<std::uint64_t>();
    if (node.given && priority != nullptr && *priority == 255) {
        errors.say(node.place, node.path,
                   "the priority of the addresses' owner, 255, is never lowered (RFC 9568 5.2.4)");
    }
}

} // namespace

void check_track(const Node& root, ErrorList& errors) {
    const auto networks = network_nodes(root);
    std::vector<std::string> services;
    for (const auto& service : root["services"].items) {
        if (const auto* name = service["name"].text()) {
            services.push_back(*name);
        }
    }
    for (const auto& instance : root["vrrp"].items) {
        for (const auto& track : instance["track"].items) {
            check_kind(track, errors);
            check_belongs(track, {"minimum"}, "service", errors);
            check_belongs(track, {"interval", "timeout", "rise", "fall"}, "script", errors);
            check_network_exists(networks, track["port"], errors);
            check_known(track["service"], "service", services, errors);
            check_program(track["script"], errors);
            check_owner(instance, track, errors);
        }
    }
}

} // namespace lbd::config
