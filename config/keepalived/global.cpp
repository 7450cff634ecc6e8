// SPDX-License-Identifier: BSD-3-Clause
#include "config/keepalived/global.h"

#include <algorithm>

#include "config/schema_parts.h"

namespace lbd::config::keepalived {

namespace {

using namespace std::chrono_literals;

void read_recipients(const Block& block, Scene& scene) {
    auto recipients = Yaml::list();
    for (const auto& line : block.items) {
        if (line.braces) {
            lost(scene.report, line, "no block is expected here");
            continue;
        }
        for (const auto& word : line.words) {
            recipients.add(Yaml::text(word));
        }
    }
    scene.globals.mail_lines.push_back(&block);
    recipients.on_one_line();
    scene.globals.mail.set("to", std::move(recipients));
}

void read_mail_server(const Block& line, Scene& scene) {
    Arguments arguments(line, scene.report);
    if (const auto& server = arguments.next(); !server.empty()) {
        scene.globals.mail.set("server", server);
    }
    if (!arguments.empty()) {
        const auto& port = arguments.next();
        const auto number = number_of(port);
        if (number && *number >= 1 && *number <= 65'535) {
            scene.globals.mail.set("port", port);
        } else {
            lost(scene.report, line, "'" + printable(port) + "' is no port");
        }
    }
    arguments.finish();
}

void add_mail_keywords(Keywords& keywords, Scene& scene) {
    auto& mail = scene.globals.mail;
    auto& report = scene.report;
    const auto remembered = [&](auto read) {
        return [&scene, read](const Block& line) {
            scene.globals.mail_lines.push_back(&line);
            read(line);
        };
    };
    const auto word = [&](const char* key) {
        return remembered([&mail, &report, key](const Block& line) {
            if (const auto given = one_word(line, report)) {
                mail.set(key, *given);
            }
        });
    };
    keywords.on_block("notification_email",
                      [&](const Block& block) { read_recipients(block, scene); });
    keywords.on("notification_email_from", word("from"));
    keywords.on("smtp_server",
                remembered([&](const Block& line) { read_mail_server(line, scene); }));
    keywords.on("smtp_helo_name", word("helo"));
    keywords.on("smtp_connect_timeout", remembered([&](const Block& line) {
                    if (const auto timeout = one_timer(line, report, 1s, 300s)) {
                        mail.set("timeout", duration_text(*timeout));
                    }
                }));
    keywords.lost({"smtp_alert", "smtp_alert_vrrp", "smtp_alert_checker", "no_email_faults"},
                  "mail is sent of every event, or of none");
}

void put_garp(Scene& scene, const std::string& key, const Block& line) {
    if (key == "garp_repeat") {
        if (const auto count = one_word(line, scene.report)) {
            put(scene.globals.garp, parts::vrrp(), key, *count, line, scene.report);
        }
    } else if (const auto timer = one_timer(line, scene.report, 0s, 86'400s)) {
        put(scene.globals.garp, parts::vrrp(), key, duration_text(*timer), line, scene.report);
    }
}

void add_vrrp_defaults(Keywords& keywords, Scene& scene) {
    auto& globals = scene.globals;
    auto& report = scene.report;
    keywords.on("vrrp_version", [&](const Block& line) {
        if (const auto version = one_number(line, report, 2, 3)) {
            globals.vrrp_version = static_cast<unsigned>(*version);
        }
    });
    keywords.on("vrrp_garp_master_delay",
                [&](const Block& line) { put_garp(scene, "garp_delay", line); });
    keywords.on("vrrp_garp_master_repeat",
                [&](const Block& line) { put_garp(scene, "garp_repeat", line); });
    keywords.on("vrrp_garp_master_refresh",
                [&](const Block& line) { put_garp(scene, "garp_refresh", line); });
    keywords.on("vrrp_min_garp", [&](const Block& line) {
        if (one_flag(line, report)) {
            globals.garp.set("garp_repeat", "1").set("garp_delay", "0s");
        }
    });
    keywords.on("vrrp_strict", [&](const Block& line) {
        globals.strict = one_flag(line, report);
        changed(
            report, line,
            "lbd has no such mode; of it, instances have accept: false unless they say otherwise");
    });
    keywords.on("vrrp_rt_priority", [&](const Block& line) {
        if (const auto priority = one_number(line, report, 1, 99)) {
            globals.control.set("realtime_priority", std::to_string(*priority));
        }
    });
    keywords.on("vrrp_cpu_affinity", [&](const Block& line) {
        if (const auto core = one_number(line, report, 0, 1023)) {
            globals.control.set("core", std::to_string(*core));
        }
    });
    const auto group = [&](std::string_view usual) {
        return [&report, usual](const Block& line) {
            const auto given = one_word(line, report);
            if (given && *given == usual) {
                noted(report, line, "is the one lbd uses");
            } else if (given) {
                lost(report, line, "lbd uses " + std::string(usual));
            }
        };
    };
    keywords.on("vrrp_mcast_group4", group("224.0.0.18"));
    keywords.on("vrrp_mcast_group6", group("ff02::12"));
    keywords.noted({"vrrp_check_unicast_src"}, "lbd always takes advertisements from peers only");
    keywords.lost({"vrrp_garp_lower_prio_delay", "vrrp_garp_lower_prio_repeat",
                   "vrrp_garp_master_refresh_repeat", "vrrp_garp_interval", "vrrp_gna_interval",
                   "vrrp_garp_extra_if", "vrrp_lower_prio_no_advert",
                   "vrrp_higher_prio_send_advert", "vrrp_skip_check_adv_addr",
                   "vrrp_down_timer_adverts", "vrrp_startup_delay", "vrrp_owner_ignore_adverts"},
                  "lbd's VRRP has no such setting");
}

void read_timeouts(const Block& line, Scene& scene) {
    Arguments arguments(line, scene.report);
    while (!arguments.empty()) {
        const auto& which = arguments.next();
        const auto key = which == "tcp"      ? "tcp_established"
                         : which == "tcpfin" ? "tcp_fin"
                         : which == "udp"    ? "udp"
                                             : "";
        const auto& value = arguments.next();
        if (*key == '\0' || value == "0") {
            lost(scene.report, line,
                 "'" + printable(which).append(" ").append(printable(value)) + "' sets nothing");
        } else if (!value.empty()) {
            put(scene.globals.timeouts, parts::timeouts(), key, value + 's', line, scene.report);
        }
    }
}

// The key is a secret that keepalived's daemon does not have, so nobody can make one up here.
void read_sync_daemon(const Block& line, Scene& scene) {
    std::string group = "224.0.0.81";
    std::string port = "8848";
    for (std::size_t i = 1; i + 1 < line.words.size(); ++i) {
        group = line.words[i] == "group" ? line.words[i + 1] : group;
        port = line.words[i] == "port" ? line.words[i + 1] : port;
    }
    lost(scene.report, line,
         "synchronisation needs a secret that all directors share; add sync: {multicast: " +
             printable(group) + ", udp_port: " + printable(port) +
             ", key: ...} with the output of openssl rand -hex 16");
}

void add_process_keywords(Keywords& keywords, Scene& scene) {
    auto& report = scene.report;
    keywords.on("default_interface", [&](const Block& line) {
        if (const auto interface = one_word(line, report)) {
            scene.globals.default_interface = *interface;
        }
    });
    keywords.on("script_user", [&](const Block& line) {
        Arguments arguments(line, report);
        scene.globals.script_user = arguments.next();
        arguments.finish();
    });
    keywords.on("lvs_timeouts", [&](const Block& line) { read_timeouts(line, scene); });
    keywords.on("lvs_sync_daemon", [&](const Block& line) { read_sync_daemon(line, scene); });
    keywords.noted({"enable_script_security"},
                   "lbd never runs a script that others than root can change");
    keywords.noted({"lvs_flush", "lvs_flush_on_stop"}, "lbd's table is its own and ends with it");
    keywords.noted({"process_names", "process_name", "vrrp_process_name", "checker_process_name",
                    "bfd_process_name", "use_pid_dir", "child_wait_time", "tmp_config_directory",
                    "reload_check_config", "reload_time_file", "reload_file", "reload_repeat"},
                   "lbd is one process with one file");
    keywords.lost({"router_id"}, "lbd's mails and log lines have the host's name");
    keywords.lost({"dynamic_interfaces", "allow_if_changes"},
                  "lbd's ports are there from its start to its end");
    keywords.lost({"notify_fifo", "notify_fifo_script", "vrrp_notify_fifo", "lvs_notify_fifo",
                   "vrrp_notify_fifo_script", "lvs_notify_fifo_script", "notify_priority_changes",
                   "vrrp_notify_priority_changes", "fifo_write_vrrp_states_on_reload"},
                  "there is no FIFO; use notifications.scripts, or lbctl --json");
    keywords.lost(
        {"startup_script", "startup_script_timeout", "shutdown_script", "shutdown_script_timeout"},
        "use ExecStartPre and ExecStopPost of the systemd unit");
    keywords.lost({"checker_log_all_failures"}, "lbctl health shows the last result");
}

void add_unneeded_globals(Keywords& keywords) {
    keywords.lost({"enable_snmp_vrrp", "enable_snmp_keepalived", "enable_snmp_checker",
                   "enable_snmp_rfc", "enable_snmp_rfcv2", "enable_snmp_rfcv3", "enable_traps",
                   "snmp_socket", "enable_dbus", "dbus_service_name", "dbus_no_interface_name"},
                  "use lbctl --json instead of SNMP and D-Bus");
    keywords.lost({"nftables", "nftables_priority", "nftables_counters", "nftables_ifindex",
                   "nftables_ipvs", "nftables_ipvs_priority", "nftables_ipvs_start_fwmark",
                   "vrrp_iptables", "vrrp_ipsets", "disable_local_igmp"},
                  "lbd does not pass packets through the kernel's firewall");
    keywords.lost({"max_auto_priority",
                   "min_auto_priority_delay",
                   "vrrp_priority",
                   "checker_priority",
                   "bfd_priority",
                   "checker_cpu_affinity",
                   "bfd_cpu_affinity",
                   "checker_rt_priority",
                   "bfd_rt_priority",
                   "vrrp_rlimit_rttime",
                   "vrrp_rlimit_rtime",
                   "checker_rlimit_rttime",
                   "checker_rlimit_rtime",
                   "bfd_rlimit_rttime",
                   "bfd_rlimit_rtime",
                   "vrrp_rx_bufs_policy",
                   "vrrp_rx_bufs_multiplier",
                   "rs_init_notifies",
                   "no_checker_emails",
                   "vrrp_netlink_cmd_rcv_bufs",
                   "vrrp_netlink_cmd_rcv_bufs_force",
                   "vrrp_netlink_monitor_rcv_bufs",
                   "vrrp_netlink_monitor_rcv_bufs_force",
                   "lvs_netlink_cmd_rcv_bufs",
                   "lvs_netlink_cmd_rcv_bufs_force",
                   "lvs_netlink_monitor_rcv_bufs",
                   "lvs_netlink_monitor_rcv_bufs_force",
                   "umask",
                   "config_save_dir",
                   "vrrp_no_swap",
                   "checker_no_swap",
                   "bfd_no_swap",
                   "json_version",
                   "random_seed",
                   "namespace_with_ipsets",
                   "data_use_instance",
                   "use_symlink_paths"},
                  "nothing corresponds to it in lbd");
}

void read_static_addresses(const Block& block, Scene& scene) {
    for (const auto& line : block.items) {
        Arguments arguments(line, scene.report, 0);
        const auto address = Prefix::parse(arguments.next());
        std::string interface = scene.globals.default_interface;
        while (arguments.take("dev")) {
            interface = arguments.next();
        }
        if (!address || line.braces) {
            lost(scene.report, line, "this is no address");
            continue;
        }
        if (!scene.networks.name_of(interface)) {
            lost(scene.report, line, "this is no interface's name, or one too many");
            continue;
        }
        scene.networks.add_address(interface, *address);
        arguments.finish();
    }
}

// Only a default route has an equivalent: the port's gateway.
void read_static_routes(const Block& block, Scene& scene) {
    for (const auto& line : block.items) {
        Arguments arguments(line, scene.report, 0);
        const bool all =
            arguments.take("default") || arguments.take("0.0.0.0/0") || arguments.take("::/0");
        const bool via = all && (arguments.take("via") || arguments.take("gw"));
        const auto gateway = via ? IpAddress::parse(arguments.next()) : std::nullopt;
        if (!gateway) {
            lost(scene.report, line,
                 "lbd sets default routes only; add this one to the host's network configuration");
            continue;
        }
        const auto interface =
            arguments.take("dev") ? arguments.next() : scene.globals.default_interface;
        if (!scene.networks.name_of(interface)) {
            lost(scene.report, line, "this is no interface's name, or one too many");
            continue;
        }
        scene.networks.set_gateway(interface, *gateway);
        arguments.finish();
    }
}

void read_tls(const Block& block, Scene& scene) {
    const auto file = [&](const char* key) {
        return [&scene, key](const Block& line) {
            if (const auto path = one_word(line, scene.report)) {
                put(scene.globals.tls, parts::health(), key, *path, line, scene.report);
            }
        };
    };
    Keywords keywords;
    keywords.on("ca", file("tls_authorities"));
    keywords.on("certificate", file("tls_certificate"));
    keywords.on("key", file("tls_key"));
    keywords.lost({"password"}, "lbd's key files have no password; decrypt the key");
    keywords.read(block.items, scene.report);
}

} // namespace

void add_global_keywords(Keywords& top, Scene& scene) {
    top.on_block("global_defs", [&scene](const Block& block) {
        Keywords keywords;
        add_mail_keywords(keywords, scene);
        add_vrrp_defaults(keywords, scene);
        add_process_keywords(keywords, scene);
        add_unneeded_globals(keywords);
        keywords.read(block.items, scene.report);
    });
    top.on_block("static_ipaddress",
                 [&scene](const Block& block) { read_static_addresses(block, scene); });
    top.on_block("static_routes",
                 [&scene](const Block& block) { read_static_routes(block, scene); });
    top.on_block("SSL", [&scene](const Block& block) { read_tls(block, scene); });
    top.on("instance", [&scene](const Block& line) {
        if (const auto name = one_word(line, scene.report)) {
            auto document = Yaml::map();
            if (put(document, schema(), "name", *name, line, scene.report)) {
                scene.globals.name = *name;
            }
        }
    });
    top.lost({"net_namespace", "net_namespace_ipvs"},
             "start lbd in it: NetworkNamespacePath= of "
             "the systemd unit, or ip netns exec");
    top.lost({"static_rules"}, "lbd sets no routing rules; add them to the host's configuration");
    top.lost({"track_group"}, "lbd does not watch addresses and routes");
    top.lost({"bfd_instance"}, "lbd has no BFD");
    top.lost({"track_file", "vrrp_track_file"}, "lbd does not watch files; use a script");
    top.lost({"garp_group"}, "lbd has no pauses between gratuitous ARPs");
    top.lost({"interface_up_down_delays"}, "lbd acts on a lost link at once");
    top.noted({"linkbeat_interfaces", "linkbeat_use_polling"}, "lbd asks the devices itself");
    top.noted({"use_pid_dir", "child_wait_time", "namespace_with_ipsets"},
              "lbd is one process without a pid file");
}

void put_globals(Yaml& document, Scene& scene) {
    auto& globals = scene.globals;
    if (!globals.name.empty()) {
        document.set("name", globals.name);
    }
    if (!globals.control.empty()) {
        document.set("control", globals.control);
    }
    if (!globals.timeouts.empty()) {
        document.set("timeouts", globals.timeouts);
    }
    auto& mail = globals.mail;
    const auto* recipients = mail.find("to");
    if (recipients == nullptr || recipients->empty() || mail.find("server") == nullptr) {
        for (const auto* line : globals.mail_lines) {
            noted(scene.report, *line,
                  "without both notification_email and smtp_server no mail is sent");
        }
    } else {
        if (mail.find("from") == nullptr) {
            mail.set("from", "keepalived@" + scene.options.host);
        }
        if (mail.find("timeout") == nullptr) {
            mail.set("timeout", "30s");
        }
        document.set("notifications", Yaml::map().set("mail", mail));
    }
}

} // namespace lbd::config::keepalived
