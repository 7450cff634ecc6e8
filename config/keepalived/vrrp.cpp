// SPDX-License-Identifier: BSD-3-Clause
#include "config/keepalived/vrrp.h"

#include <algorithm>
#include <utility>

#include "config/keepalived/vrrp_instance.h"
#include "config/schema_parts.h"

namespace lbd::config::keepalived {

namespace {

using namespace std::chrono_literals;

using Family = IpAddress::Family;

constexpr std::size_t most_instances = 8192;

// The address, for messages.
const std::string& first_word(const Block& line) {
    return line.words.front();
}

void report_new_name(const Block& block, const std::string& given, const std::string& name,
                     Scene& scene) {
    if (given != name) {
        changed(scene.report, block, "its name becomes " + name);
    }
}

bool is_of(Family family, const IpAddress& address) {
    return address.family == family;
}

} // namespace

void Vrrp::add_early_keywords(Keywords& top) {
    top.on_block("vrrp_script",
                 [this](const Block& block) { read_script(block, trackables_, scene_); });
    for (const auto* keyword : {"vrrp_track_process", "track_process"}) {
        top.on_block(keyword,
                     [this](const Block& block) { read_process(block, trackables_, scene_); });
    }
}

void Vrrp::add_keywords(Keywords& top) {
    top.on_block("vrrp_instance", [this](const Block& block) { read_instance(block); });
    top.on_block("vrrp_sync_group", [this](const Block& block) { read_group(block); });
}

void Vrrp::read_instance(const Block& block) {
    if (instances_.size() >= most_instances) {
        lost(scene_.report, block, "there are more instances than any director has");
        return;
    }
    auto& instance = instances_.emplace_back();
    read_vrrp_instance(block, instance, trackables_, scene_);
    const auto name = label_of(instance.name, taken_);
    instance.values.set("name", name, block.origin.text());
    report_new_name(block, instance.name, name, scene_);
}

void Vrrp::read_group(const Block& block) {
    auto& group = groups_.emplace_back();
    read_vrrp_group(block, group, trackables_, scene_);
    const auto name = label_of(group.name, taken_groups_);
    group_names_[group.name] = name;
    report_new_name(block, group.name, name, scene_);
    for (const auto& member : group.members) {
        if (!member_of_.try_emplace(member, &group).second) {
            lost(scene_.report, block, printable(member) + " is in a group already");
        }
    }
}

void Vrrp::exclude_addresses() {
    for (const auto& instance : instances_) {
        for (const auto* list : {&instance.addresses, &instance.excluded}) {
            for (const auto& [address, line] : *list) {
                scene_.networks.exclude(address.address);
            }
        }
    }
}

const Group* Vrrp::group_of(const Instance& instance) const {
    const auto found = member_of_.find(instance.name);
    return found == member_of_.end() ? nullptr : found->second;
}

void Vrrp::put_timing(Yaml& yaml, const Instance& instance, unsigned version) {
    if (instance.interval != nullptr) {
        const auto least = version == 2 ? Milliseconds(1s) : 10ms;
        const auto most = version == 2 ? Milliseconds(255s) : 40'950ms;
        const auto given = one_timer(*instance.interval, scene_.report, least, most);
        const auto step = version == 2 ? Milliseconds(1s) : 10ms;
        if (given) {
            const auto whole = (*given + step / 2) / step * step;
            if (whole != *given) {
                changed(scene_.report, *instance.interval,
                        "version " + std::to_string(version) + " of VRRP cannot say it, so it is " +
                            duration_text(whole));
            }
            yaml.set("interval", duration_text(whole));
        }
    }
    for (const auto* line : {instance.nopreempt, instance.preempt_delay}) {
        if (line == nullptr) {
            continue;
        }
        if (instance.master) {
            lost(scene_.report, *line, "keepalived ignores it, too, with state MASTER");
        } else if (line == instance.nopreempt) {
            yaml.set("preempt", "false");
        } else if (const auto delay = one_timer(*line, scene_.report, 0s, 1000s)) {
            const auto whole = std::chrono::ceil<Seconds>(*delay);
            if (whole != *delay) {
                changed(scene_.report, *line, "lbd has whole seconds here");
            }
            yaml.set("preempt_delay", duration_text(whole));
        }
    }
}

void Vrrp::put_addresses(Yaml& yaml, const Instance& instance, Family family) {
    std::vector<std::string> texts;
    const auto add = [&](const auto& entry, bool excluded) {
        const auto& [address, line] = entry;
        if (excluded && family == Family::v6 && is_of(Family::v4, address.address)) {
            lost(scene_.report, *line,
                 "lbd would advertise this IPv4 address instead of the IPv6 ones; give it an "
                 "instance of its own");
        } else if (!given_.insert(address.address).second) {
            lost(scene_.report, *line, first_word(*line) + " is given twice");
        } else {
            if (excluded && is_of(family, address.address)) {
                changed(scene_.report, *line,
                        "the address is carried over, but advertised as well, which peers that "
                        "exclude it complain of");
            }
            texts.push_back(address.text());
        }
    };
    for (const auto& entry : instance.addresses) {
        add(entry, false);
    }
    for (const auto& entry : instance.excluded) {
        add(entry, true);
    }
    yaml.set("virtual_addresses", Yaml::words(texts));
}

void Vrrp::put_peers(Yaml& yaml, const Instance& instance, Family family) {
    std::vector<std::string> peers;
    peers.reserve(instance.peers.size());
    for (const auto& peer : instance.peers) {
        peers.push_back(peer.text());
    }
    if (!peers.empty()) {
        yaml.set("peers", Yaml::words(peers));
        if (instance.min_ttl > 0) {
            yaml.set("min_ttl", std::to_string(instance.min_ttl));
        }
    }
    if (instance.source == nullptr) {
        return;
    }
    const auto word = one_word(*instance.source, scene_.report);
    const auto source = word ? IpAddress::parse(*word) : std::nullopt;
    const auto own = scene_.networks.addresses_of(instance.interface);
    const bool is_there = std::any_of(own.begin(), own.end(), [&](const Prefix& prefix) {
        return source && prefix.address == *source;
    });
    if (!word) {
        return;
    }
    if (!source || source->family != family) {
        lost(scene_.report, *instance.source, "this is no address of the advertisements' family");
    } else if (family == Family::v6 && peers.empty()) {
        lost(scene_.report, *instance.source,
             "to the multicast group of IPv6 the link-local address speaks");
    } else if (!own.empty() && !is_there) {
        lost(scene_.report, *instance.source,
             source->text() + " is none of the director's own addresses; give it with --address " +
                 printable(instance.interface) + '=' + source->text() + "/LENGTH");
    } else {
        yaml.set("source", source->text());
    }
}

void Vrrp::put_group(Yaml& yaml, const Instance& instance, const Group* group) {
    auto tracks = instance.tracks;
    auto notify = instance.notify;
    if (group != nullptr) {
        yaml.set("group", group_names_[group->name]);
        tracks.insert(tracks.end(), group->tracks.begin(), group->tracks.end());
        // All of a group move together, so one of them tells.
        if (group->members.front() == instance.name) {
            for (const auto& item : group->notify.items()) {
                notify.add(item);
            }
        }
    }
    const bool fault = group != nullptr && !group->weights;
    put_tracks(yaml, tracks, instance.priority, fault, scene_);
    if (!notify.empty()) {
        yaml.set("notify", std::move(notify));
    }
}

Yaml Vrrp::written(const Instance& instance) {
    auto yaml = Yaml::map();
    auto family = Family::v4;
    if (!instance.addresses.empty()) {
        family = instance.addresses.front().first.address.family;
    } else if (!instance.peers.empty()) {
        family = instance.peers.front().family;
    }
    const unsigned version =
        family == Family::v6 ? 3 : instance.version.value_or(scene_.globals.vrrp_version);
    yaml.set("name", *instance.values.find("name"));
    const auto port = scene_.networks.name_of(instance.interface);
    if (port) {
        yaml.set("port", *port);
    }
    yaml.set("version", std::to_string(version));
    for (const auto& [key, value] : instance.values.entries()) {
        yaml.set(key, value);
    }
    yaml.set("priority", "");
    put_timing(yaml, instance, version);
    if (instance.password != nullptr) {
        if (version == 3) {
            lost(scene_.report, *instance.password, "version 3 of VRRP has no authentication");
        } else if (const auto word = one_word(*instance.password, scene_.report)) {
            constexpr std::size_t longest = 8; // keepalived uses no more
            keepalived::put(yaml, parts::vrrp(), "password", word->substr(0, longest),
                            *instance.password, scene_.report);
        }
    }
    put_addresses(yaml, instance, family);
    put_peers(yaml, instance, family);
    constexpr unsigned owner = 255;
    if (!instance.accept.value_or(!scene_.globals.strict) && instance.priority != owner) {
        yaml.set("accept", "false");
    }
    for (const Yaml* list : {&std::as_const(scene_.globals.garp), &instance.garp}) {
        for (const auto& [key, value] : list->entries()) {
            yaml.set(key, value);
        }
    }
    put_group(yaml, instance, group_of(instance));
    return yaml;
}

void Vrrp::put(Yaml& document) {
    auto list = Yaml::list();
    for (const auto& instance : instances_) {
        if (instance.addresses.empty() && instance.excluded.empty()) {
            lost(scene_.report, *instance.block, "it has no virtual addresses, and lbd needs one");
            continue;
        }
        list.add(written(instance));
    }
    if (!list.empty()) {
        document.set("vrrp", std::move(list));
    }
}

} // namespace lbd::config::keepalived
