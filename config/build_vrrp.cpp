// SPDX-License-Identifier: BSD-3-Clause
#include "config/build_parts.h"

namespace lbd::config {

namespace {

VrrpTrack build_track(const Node& node) {
    using Kind = VrrpTrack::Kind;
    std::vector<std::string> script;
    for (const auto& word : node["script"].items) {
        script.push_back(the<std::string>(word));
    }
    const auto kind = node["port"].given      ? Kind::port
                      : node["service"].given ? Kind::service
                      : !script.empty()       ? Kind::script
                                              : Kind::workers;
    const auto name = maybe<std::string>(node[kind == Kind::port ? "port" : "service"]);
    const auto interval = the<Milliseconds>(node["interval"]);
    const auto lowers = maybe<std::uint64_t>(node["lower_priority_by"]).value_or(0);
    return {.kind = kind,
            .name = name.value_or(""),
            .script = std::move(script),
            .minimum = integer<unsigned>(node["minimum"]),
            .lower_priority_by = static_cast<std::uint8_t>(lowers),
            .interval = interval,
            .timeout = maybe<Milliseconds>(node["timeout"]).value_or(interval),
            .rise = integer<unsigned>(node["rise"]),
            .fall = integer<unsigned>(node["fall"])};
}

} // namespace

VrrpInstance build_instance(const NetworkNodes& networks, const Node& node) {
    const auto& network = *network_of_instance(networks, node);
    std::optional<VrrpAuthentication> authentication;
    if (const auto password = maybe<Secret>(node["password"])) {
        authentication = VrrpAuthentication{.password = *password};
    }
    VrrpInstance instance{.name = the<std::string>(node["name"]),
                          .port = network.name,
                          .family = family_of_instance(node),
                          .version = node["version"].is("2") ? 2U : 3U,
                          .vrid = integer<std::uint8_t>(node["vrid"]),
                          .priority = integer<std::uint8_t>(node["priority"]),
                          .interval = the<Milliseconds>(node["interval"]),
                          .preempt = the<bool>(node["preempt"]),
                          .preempt_delay = seconds(node["preempt_delay"]),
                          .start_as_master = node["state"].is("master"),
                          .authentication = authentication,
                          .virtual_addresses = prefixes_of(node["virtual_addresses"]),
                          .garp_repeat = integer<unsigned>(node["garp_repeat"]),
                          .garp_delay = seconds(node["garp_delay"]),
                          .garp_refresh = seconds(node["garp_refresh"]),
                          .source = source_of_instance(network, node),
                          .virtual_mac = the<bool>(node["virtual_mac"]),
                          .accept = the<bool>(node["accept"]),
                          .group = maybe<std::string>(node["group"]).value_or("")};
    for (const auto& peer : node["peers"].items) {
        instance.peers.push_back(the<IpAddress>(peer));
    }
    const std::uint64_t least = instance.peers.empty() ? 255 : 1;
    instance.min_ttl =
        static_cast<std::uint8_t>(maybe<std::uint64_t>(node["min_ttl"]).value_or(least));
    instance.notify = build_notify(node["notify"], Subject::vrrp);
    for (const auto& track : node["track"].items) {
        instance.track.push_back(build_track(track));
    }
    return instance;
}

} // namespace lbd::config
