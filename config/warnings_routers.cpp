// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>

#include "config/types.h"
#include "config/warnings_parts.h"

namespace lbd::config {

namespace {

// That none of the addresses is the director's own is checked elsewhere: there is no owner.
void warn_about_priority(const VrrpInstance& instance, Sentences& warnings) {
    if (instance.priority == 255) {
        warnings.push_back("vrrp " + instance.name +
                           ": priority 255 is for a router that has the addresses as its own; "
                           "nothing that is tracked lowers it. Give 254 at most");
    } else if (instance.start_as_master) {
        warnings.push_back("vrrp " + instance.name +
                           ": state master has no effect below priority 255; an election "
                           "decides who is master");
    }
}

void warn_about_interval(const VrrpInstance& instance, Sentences& warnings) {
    if (instance.version == 3 && instance.interval < Milliseconds{100}) {
        warnings.push_back("vrrp " + instance.name +
                           ": an interval below 100ms makes a short delay of this or the network's "
                           "scheduling look like a failure");
    }
}

// The first to miss its master takes its whole group along.
void warn_about_group(const Config& config, const VrrpInstance& instance, Sentences& warnings) {
    const auto first =
        std::find_if(config.vrrp.begin(), config.vrrp.end(),
                     [&](const VrrpInstance& other) { return other.group == instance.group; });
    if (!instance.group.empty() && first->interval != instance.interval) {
        warnings.push_back("vrrp " + instance.name + ": its interval, " +
                           duration_text(instance.interval) + ", is not the " +
                           duration_text(first->interval) + " of " + first->name +
                           " in the same group; the group fails over by the shortest");
    }
}

void warn_about_subnets(const Config& config, const VrrpInstance& instance, Sentences& warnings) {
    for (const auto& network : networks(config)) {
        if (network.name != instance.port) {
            continue;
        }
        for (const auto& address : instance.virtual_addresses) {
            const bool inside =
                std::any_of(network.addresses.begin(), network.addresses.end(),
                            [&](const Prefix& subnet) { return subnet.contains(address.address); });
            if (!inside) {
                warnings.push_back("vrrp " + instance.name + ": " + address.address.text() +
                                   " is in none of the subnets of " + title(network) +
                                   ", so only a router that has a route for it brings packets");
            }
        }
    }
}

} // namespace

void warn_about_routers(const Config& config, Sentences& warnings) {
    for (const auto& instance : config.vrrp) {
        warn_about_priority(instance, warnings);
        warn_about_interval(instance, warnings);
        warn_about_group(config, instance, warnings);
        warn_about_subnets(config, instance, warnings);
    }
    if (!config.vrrp.empty() && config.control.realtime_priority == 0) {
        warnings.emplace_back(
            "control: with realtime_priority 0 a busy machine delays advertisements, "
            "and another director takes over");
    }
    if (config.sync && config.sync->key.reveal().starts_with("replace-me")) {
        warnings.emplace_back(
            "sync: the key is an example's, which everybody can read; draw one with "
            "openssl rand -hex 16");
    }
    if (config.vrrp.empty() && config.sync) {
        warnings.emplace_back(
            "sync: connections are told to other directors, but without a VRRP instance no "
            "address moves there; only a router can send its packets elsewhere");
    }
}

} // namespace lbd::config
