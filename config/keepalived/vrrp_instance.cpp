// SPDX-License-Identifier: BSD-3-Clause
#include "config/keepalived/vrrp_instance.h"

#include "config/schema_parts.h"

namespace lbd::config::keepalived {

namespace {

using namespace std::chrono_literals;

void add_notify_keywords(Keywords& keywords, Yaml& notify, Scene& scene) {
    const auto on = [&](const char* keyword, std::vector<std::string> events) {
        keywords.on(keyword, [&notify, &scene, events = std::move(events)](const Block& line) {
            if (auto item = notify_of(line, events, scene)) {
                notify.add(std::move(*item));
                noted(scene.report, line,
                      "the program also gets the arguments that keepalived's notify gives");
            }
        });
    };
    on("notify_master", {"master"});
    on("notify_backup", {"backup"});
    on("notify_fault", {"fault"});
    on("notify_stop", {"stop"});
    keywords.on("notify", [&](const Block& line) {
        if (auto item = notify_of(line, {"master", "backup", "fault", "stop"}, scene)) {
            notify.add(std::move(*item));
        }
    });
    keywords.lost({"notify_deleted", "notify_master_rx_lower_pri", "notify_priority_changes"},
                  "lbd has no such event");
    keywords.lost({"smtp_alert"}, "mail is sent of every event, or of none");
}

void read_authentication(const Block& block, Instance& instance, Scene& scene) {
    bool pass = true;
    const Block* password = nullptr;
    Keywords keywords;
    keywords.on("auth_type", [&](const Block& line) {
        const auto type = one_word(line, scene.report);
        pass = type && (*type == "PASS" || *type == "SIMPLE");
        if (type && !pass) {
            lost(scene.report, line, "lbd has auth_type PASS only");
        }
    });
    keywords.on("auth_pass", [&](const Block& line) { password = &line; });
    keywords.read(block.items, scene.report);
    if (password != nullptr && !pass) {
        lost(scene.report, *password, "lbd has auth_type PASS only");
    } else {
        instance.password = password;
    }
}

// <address> [dev <interface>] and what ip(8) has.
void read_addresses(const Block& block, const Instance& instance,
                    std::vector<std::pair<Prefix, const Block*>>& addresses, Scene& scene) {
    for (const auto& line : block.items) {
        Arguments arguments(line, scene.report, 0);
        const auto address = Prefix::parse(arguments.next());
        if (!address || line.braces) {
            lost(scene.report, line, "this is no address");
            continue;
        }
        std::string rest;
        while (!arguments.empty()) {
            const auto word = arguments.next();
            const bool same = word == "dev" && arguments.take(instance.interface);
            rest += same ? "" : (rest.empty() ? "" : " ") + word;
        }
        if (!rest.empty()) {
            changed(scene.report, line,
                    "the address is carried over to the port of its instance, but not '" +
                        printable(rest) + "'");
        }
        addresses.emplace_back(*address, &line);
    }
}

void read_peers(const Block& block, Instance& instance, Scene& scene) {
    for (const auto& line : block.items) {
        Arguments arguments(line, scene.report, 0);
        const auto address = IpAddress::parse(arguments.next());
        if (!address || line.braces) {
            lost(scene.report, line, "this is no address");
            continue;
        }
        if (arguments.take("min_ttl")) {
            const auto ttl = number_of(arguments.next());
            constexpr unsigned most = 255;
            if (ttl && *ttl >= 1 && *ttl <= most) {
                const auto least = static_cast<unsigned>(*ttl);
                instance.min_ttl =
                    instance.min_ttl == 0 ? least : std::min(instance.min_ttl, least);
            } else {
                lost(scene.report, line, "min_ttl is 1..255");
            }
        }
        arguments.finish();
        instance.peers.push_back(*address);
    }
}

void read_state(const Block& line, Instance& instance, Scene& scene) {
    const auto state = one_word(line, scene.report);
    if (state && (*state == "MASTER" || *state == "BACKUP")) {
        instance.master = *state == "MASTER";
        instance.values.set("state", instance.master ? "master" : "backup");
    } else if (state) {
        lost(scene.report, line, "a state is MASTER or BACKUP");
    }
}

void read_virtual_mac(const Block& line, Instance& instance, Scene& scene) {
    instance.values.set("virtual_mac", "true");
    if (line.words.size() > 1) {
        changed(scene.report, line,
                "virtual_mac has no interface of its own and RFC 9568's MAC address, so not '" +
                    printable(line.words[1]) + "'");
    }
}

void add_basic_keywords(Keywords& keywords, Instance& instance, Scene& scene) {
    auto& report = scene.report;
    keywords.on("state", [&](const Block& line) { read_state(line, instance, scene); });
    keywords.on("interface", [&](const Block& line) {
        if (const auto interface = one_word(line, report)) {
            instance.interface = *interface;
            if (!scene.networks.name_of(*interface)) {
                lost(report, line, "this is no interface's name, or one too many");
            }
        }
    });
    keywords.on("virtual_router_id", [&](const Block& line) {
        if (const auto vrid = one_word(line, report)) {
            put(instance.values, parts::vrrp(), "vrid", *vrid, line, report);
        }
    });
    keywords.on("priority", [&](const Block& line) {
        if (const auto priority = one_number(line, report, 1, 255)) {
            instance.priority = static_cast<unsigned>(*priority);
        }
    });
    keywords.on("version", [&](const Block& line) {
        if (const auto version = one_number(line, report, 2, 3)) {
            instance.version = static_cast<unsigned>(*version);
        }
    });
    keywords.on("advert_int", [&](const Block& line) { instance.interval = &line; });
    keywords.on("nopreempt", [&](const Block& line) {
        no_words(line, report);
        instance.nopreempt = &line;
    });
    keywords.on("preempt_delay", [&](const Block& line) { instance.preempt_delay = &line; });
    keywords.on("mcast_src_ip", [&](const Block& line) { instance.source = &line; });
    keywords.on("unicast_src_ip", [&](const Block& line) { instance.source = &line; });
    for (const bool accept : {true, false}) {
        keywords.on(accept ? "accept" : "no_accept", [&, accept](const Block& line) {
            no_words(line, report);
            instance.accept = accept;
        });
    }
    keywords.on("use_vmac", [&](const Block& line) { read_virtual_mac(line, instance, scene); });
    keywords.on("strict_mode", [&](const Block& line) {
        instance.accept = instance.accept.value_or(!one_flag(line, report));
        changed(report, line, "lbd has no such mode; of it, accept: false is carried over");
    });
}

void add_garp_keywords(Keywords& keywords, Instance& instance, Scene& scene) {
    const auto timer = [&](const char* keyword, const char* key) {
        keywords.on(keyword, [&, key](const Block& line) {
            if (const auto given = one_timer(line, scene.report, 0s, 86'400s)) {
                put(instance.garp, parts::vrrp(), key, duration_text(*given), line, scene.report);
            }
        });
    };
    timer("garp_master_delay", "garp_delay");
    timer("garp_master_refresh", "garp_refresh");
    keywords.on("garp_master_repeat", [&](const Block& line) {
        if (const auto count = one_word(line, scene.report)) {
            put(instance.garp, parts::vrrp(), "garp_repeat", *count, line, scene.report);
        }
    });
}

void add_unneeded_of_instance(Keywords& keywords) {
    keywords.noted({"preempt"}, "is the default");
    keywords.noted({"native_ipv6"}, "the addresses say so");
    keywords.noted({"promote_secondaries"}, "each virtual address is removed on its own");
    keywords.noted({"check_unicast_src"}, "lbd always takes advertisements from peers only");
    keywords.noted({"track_src_ip"}, "the address is lbd's own and stays");
    keywords.noted({"linkbeat_use_polling"}, "lbd asks the devices itself");
    keywords.lost({"virtual_routes"},
                  "lbd sets no routes; add them to the host's network configuration, or in a "
                  "notify script");
    keywords.lost({"virtual_rules"},
                  "lbd sets no routing rules; add them to the host's configuration");
    keywords.lost({"vmac_xmit_base"}, "with virtual_mac, advertisements come from it");
    keywords.lost({"use_ipvlan", "use_vmac_addr", "vrf"},
                  "lbd's addresses are on the port of the instance");
    keywords.lost({"dont_track_primary"}, "lbd cannot work without the link of its port");
    keywords.lost({"mcast_dst_ip"}, "lbd speaks to 224.0.0.18 and ff02::12");
    keywords.lost({"lvs_sync_daemon_interface"},
                  "add sync: {multicast: 224.0.0.81, key: ...}, as synchronisation needs a secret "
                  "that all directors share");
    keywords.lost(
        {"unicast_ttl", "unicast_fault_no_peer", "old_unicast_checksum", "garp_lower_prio_delay",
         "garp_lower_prio_repeat", "garp_master_refresh_repeat", "garp_extra_if",
         "down_timer_adverts", "lower_prio_no_advert", "higher_prio_send_advert",
         "skip_check_adv_addr", "thread_timer_expired", "kernel_rx_buf_size", "debug"},
        "lbd's VRRP has no such setting");
}

} // namespace

void read_vrrp_instance(const Block& block, Instance& instance, const Trackables& known,
                        Scene& scene) {
    Arguments arguments(block, scene.report);
    instance.block = &block;
    instance.name = arguments.next();
    arguments.finish();
    instance.interface = scene.globals.default_interface;
    Keywords keywords;
    add_basic_keywords(keywords, instance, scene);
    add_garp_keywords(keywords, instance, scene);
    add_notify_keywords(keywords, instance.notify, scene);
    add_track_keywords(keywords, instance.tracks, known, scene);
    add_unneeded_of_instance(keywords);
    keywords.on_block("authentication",
                      [&](const Block& part) { read_authentication(part, instance, scene); });
    keywords.on_block("virtual_ipaddress", [&](const Block& part) {
        read_addresses(part, instance, instance.addresses, scene);
    });
    keywords.on_block("virtual_ipaddress_excluded", [&](const Block& part) {
        read_addresses(part, instance, instance.excluded, scene);
    });
    keywords.on_block("unicast_peer",
                      [&](const Block& part) { read_peers(part, instance, scene); });
    keywords.read(block.items, scene.report);
}

void read_vrrp_group(const Block& block, Group& group, const Trackables& known, Scene& scene) {
    Arguments arguments(block, scene.report);
    group.block = &block;
    group.name = arguments.next();
    arguments.finish();
    Keywords keywords;
    add_notify_keywords(keywords, group.notify, scene);
    add_track_keywords(keywords, group.tracks, known, scene);
    keywords.on_block("group", [&](const Block& part) {
        for (const auto& line : part.items) {
            if (line.braces) {
                lost(scene.report, line, "no block is expected here");
                continue;
            }
            group.members.insert(group.members.end(), line.words.begin(), line.words.end());
        }
    });
    for (const auto* keyword : {"global_tracking", "sync_group_tracking_weight"}) {
        keywords.on(keyword, [&](const Block& line) {
            no_words(line, scene.report);
            group.weights = true;
        });
    }
    keywords.read(block.items, scene.report);
    if (group.members.empty()) {
        lost(scene.report, block, "the group has no members");
    }
}

} // namespace lbd::config::keepalived
