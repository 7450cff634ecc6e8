// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>

#include "config/keepalived/service.h"
#include "config/schema_parts.h"

namespace lbd::config::keepalived {

namespace {

using namespace std::chrono_literals;

// <address> [<port>] behind the keyword.
bool read_endpoint(const Block& block, Endpoint& endpoint, Scene& scene) {
    Arguments arguments(block, scene.report);
    const auto word = arguments.next();
    const auto address = IpAddress::parse(word);
    if (!address) {
        lost(scene.report, block, "'" + printable(word) + "' is no address");
        return false;
    }
    endpoint.address = *address;
    if (!arguments.empty()) {
        const auto& text = arguments.next();
        const auto port = number_of(text);
        constexpr unsigned most = 65'535;
        if (!port || *port > most) {
            lost(scene.report, block, "'" + printable(text) + "' is no port");
            return false;
        }
        endpoint.port = *port;
    }
    arguments.finish();
    return true;
}

// DR, NAT, TUN [type {ipip|gue port NUM|gre} ...]
void read_method(const Block& line, Method& forwarding, Scene& scene) {
    Arguments arguments(line, scene.report);
    forwarding = {.method = arguments.next(), .line = &line};
    if (forwarding.method == "TUN") {
        forwarding.method = "ipip";
        if (arguments.take("type")) {
            const auto& type = arguments.next();
            if (type == "gue") {
                forwarding.method = "gue";
            } else if (type != "ipip") {
                changed(scene.report, line,
                        "lbd has no tunnel of type " + printable(type) + ", so it is ipip");
            }
        }
        if (arguments.take("port")) {
            forwarding.gue_port = arguments.next();
        }
    } else if (forwarding.method != "DR" && forwarding.method != "NAT") {
        changed(scene.report, line, "the methods are DR, TUN and NAT, so it is dr");
    }
    arguments.finish();
}

void add_notify(Keywords& keywords, const char* keyword, const char* event, Yaml& notify,
                Scene& scene) {
    keywords.on(keyword, [&notify, &scene, event](const Block& line) {
        if (auto item = notify_of(line, {event}, scene)) {
            notify.add(std::move(*item));
            noted(scene.report, line,
                  "the program also gets arguments that say what has happened to what");
        }
    });
}

const Section& backend_section() {
    return *parts::service().find("backends")->section;
}

Keywords::Handler backend_value(Yaml& values, const char* key, Scene& scene) {
    return [&values, &scene, key](const Block& line) {
        if (const auto given = one_word(line, scene.report)) {
            put(values, backend_section(), key, *given, line, scene.report);
        }
    };
}

Keywords::Handler host(std::string& virtualhost, Scene& scene) {
    return [&virtualhost, &scene](const Block& line) {
        const auto given = one_word(line, scene.report);
        if (given && fits(parts::health(), "host", *given)) {
            virtualhost = *given;
        } else if (given) {
            lost(scene.report, line, "this is no host name");
        }
    };
}

void read_real_server(const Block& block, VirtualServer& virtual_server, Scene& scene) {
    Server server;
    server.block = &block;
    if (!read_endpoint(block, server.endpoint, scene)) {
        return;
    }
    auto checks = virtual_server.checks;
    server.inhibit = virtual_server.inhibit;
    std::vector<const Block*> checkers;
    Keywords keywords;
    add_timing_keywords(keywords, checks, scene);
    keywords.on("weight", backend_value(server.values, "weight", scene));
    keywords.on("uthreshold", backend_value(server.values, "upper_threshold", scene));
    keywords.on("lthreshold", backend_value(server.values, "lower_threshold", scene));
    keywords.on("virtualhost", host(checks.virtualhost, scene));
    for (const auto* keyword : {"lvs_method", "lb_kind"}) {
        keywords.on(keyword, [&](const Block& line) {
            read_method(line, server.forwarding.emplace(), scene);
        });
    }
    keywords.on("inhibit_on_failure",
                [&](const Block& line) { server.inhibit = one_flag(line, scene.report); });
    add_notify(keywords, "notify_up", "up", server.notify, scene);
    add_notify(keywords, "notify_down", "down", server.notify, scene);
    keywords.lost({"smtp_alert"}, "mail is sent of every event, or of none");
    keywords.lost({"snmp_name"}, "lbd names backends by their addresses");
    keywords.lost({"log_all_failures"}, "lbctl health shows the last result");
    keywords.lost({"BFD_CHECK"}, "lbd has no BFD");
    keywords.lost({"FILE_CHECK"}, "lbd does not watch files; use a script");
    for (const auto* keyword : {"TCP_CHECK", "HTTP_GET", "SSL_GET", "SMTP_CHECK", "DNS_CHECK",
                                "UDP_CHECK", "PING_CHECK", "MISC_CHECK"}) {
        keywords.on_block(keyword, [&](const Block& checker) { checkers.push_back(&checker); });
    }
    keywords.read(block.items, scene.report);
    for (const auto* checker : checkers) {
        if (auto check = read_check(*checker, checks, scene)) {
            server.checks.push_back(std::move(*check));
        }
    }
    virtual_server.servers.push_back(std::move(server));
}

void read_scheduler(const Block& line, VirtualServer& server, Scene& scene) {
    const auto word = one_word(line, scene.report);
    if (!word) {
        return;
    }
    if (fits(parts::service(), "scheduler", *word)) {
        server.scheduler = *word;
    } else {
        // By destination they all are for proxies; of what remains wlc is the nearest.
        server.scheduler = *word == "dh" ? "sh" : "wlc";
        changed(scene.report, line,
                "lbd has no scheduler " + printable(*word) + ", so it is " + server.scheduler);
    }
}

void read_persistence(const Block& line, VirtualServer& server, Scene& scene) {
    if (line.words.size() == 1) {
        server.values.set("persistence", "6m"); // keepalived's default
    } else if (const auto timeout = one_timer(line, scene.report, 0s, 2'592'000s)) {
        server.values.set("persistence", duration_text(std::chrono::ceil<Seconds>(*timeout)));
    }
}

// A netmask, or for IPv6 the length of a prefix.
void read_granularity(const Block& line, VirtualServer& server, Scene& scene) {
    const auto word = one_word(line, scene.report);
    if (!word) {
        return;
    }
    auto length = number_of(*word);
    const auto mask = IpAddress::parse(*word);
    if (mask && mask->family == IpAddress::Family::v4) {
        std::uint32_t bits = 0;
        for (std::size_t i = 0; i < 4; ++i) {
            bits = bits << 8U | mask->bytes[i];
        }
        std::uint64_t ones = 0;
        for (; (bits & 0x8000'0000U) != 0; bits <<= 1U) {
            ++ones;
        }
        length = bits == 0 ? std::optional(ones) : std::nullopt;
    }
    if (!length) {
        lost(scene.report, line, "this is no netmask");
    } else {
        put(server.values, parts::service(), "persistence_prefix", std::to_string(*length), line,
            scene.report);
    }
}

void read_protocol(const Block& line, VirtualServer& server, Scene& scene) {
    const auto word = one_word(line, scene.report);
    if (!word) {
        return;
    }
    server.protocol = *word == "TCP" ? "tcp" : *word == "UDP" ? "udp" : "";
    if (server.protocol.empty()) {
        lost(scene.report, line, "lbd has TCP and UDP only");
    }
}

void add_service_keywords(Keywords& keywords, VirtualServer& server, Scene& scene) {
    auto& report = scene.report;
    for (const auto* keyword : {"lvs_sched", "lb_algo"}) {
        keywords.on(keyword, [&](const Block& line) { read_scheduler(line, server, scene); });
    }
    for (const auto* keyword : {"lvs_method", "lb_kind"}) {
        keywords.on(keyword,
                    [&](const Block& line) { read_method(line, server.forwarding, scene); });
    }
    keywords.on("persistence_timeout",
                [&](const Block& line) { read_persistence(line, server, scene); });
    keywords.on("persistence_granularity",
                [&](const Block& line) { read_granularity(line, server, scene); });
    keywords.on("protocol", [&](const Block& line) { read_protocol(line, server, scene); });
    for (const auto* keyword : {"sh-port", "mh-port"}) {
        keywords.on(keyword, [&](const Block& line) {
            no_words(line, report);
            server.hash_port = true;
        });
    }
    keywords.on("flag-2", [&](const Block& line) {
        no_words(line, report);
        server.flag_2 = true; // of sh and mh, the client's port
    });
    keywords.noted({"flag-1", "sh-fallback", "mh-fallback"},
                   "lbd never chooses a backend that is down");
    keywords.lost({"flag-3"}, "no scheduler of lbd's has it");
    keywords.on("omega", [&](const Block& line) {
        server.values.set("omega", one_flag(line, report) ? "true" : "false");
    });
    for (const auto* key : {"quorum", "hysteresis"}) {
        keywords.on(key, [&, key](const Block& line) {
            if (const auto given = one_word(line, report)) {
                put(server.values, parts::service(), key, *given, line, report);
            }
        });
    }
    add_notify(keywords, "quorum_up", "quorum_regained", server.notify, scene);
    add_notify(keywords, "quorum_down", "quorum_lost", server.notify, scene);
    keywords.on("inhibit_on_failure",
                [&](const Block& line) { server.inhibit = one_flag(line, report); });
    keywords.on("virtualhost", host(server.checks.virtualhost, scene));
    keywords.on("snmp_name", [&](const Block& line) {
        if (const auto name = one_word(line, report)) {
            server.name = *name;
        }
    });
}

void add_unneeded_of_server(Keywords& keywords) {
    keywords.lost({"ops"}, "lbd remembers every UDP flow");
    keywords.lost({"persistence_engine"}, "persistence goes by the client's address");
    keywords.lost({"ha_suspend", "ip_family"}, "backends are checked on each director, always");
    keywords.lost({"smtp_alert"}, "mail is sent of every event, or of none");
    keywords.lost({"log_all_failures"}, "lbctl health shows the last result");
    keywords.lost({"sorry_server_inhibit"}, "lbd does not check sorry servers");
}

} // namespace

void read_virtual_server(const Block& block, VirtualServer& server, Scene& scene) {
    server.block = &block;
    std::vector<const Block*> real;
    Server sorry;
    std::optional<Method> sorry_forwarding;
    Keywords keywords;
    add_timing_keywords(keywords, server.checks, scene);
    add_service_keywords(keywords, server, scene);
    add_unneeded_of_server(keywords);
    keywords.on_block("real_server", [&](const Block& part) { real.push_back(&part); });
    keywords.on("sorry_server", [&](const Block& line) {
        if (sorry.block != nullptr) {
            lost(scene.report, line, "keepalived has one sorry server only");
        } else if (read_endpoint(line, sorry.endpoint, scene)) {
            sorry.block = &line;
        }
    });
    for (const auto* keyword : {"sorry_server_lvs_method", "sorry_server_lb_kind"}) {
        keywords.on(keyword, [&](const Block& line) {
            read_method(line, sorry_forwarding.emplace(), scene);
        });
    }
    keywords.read(block.items, scene.report);
    for (const auto* part : real) {
        read_real_server(*part, server, scene);
    }
    if (sorry.block != nullptr) {
        sorry.sorry = true;
        sorry.forwarding = sorry_forwarding;
        server.servers.push_back(std::move(sorry));
    } else if (sorry_forwarding) {
        lost(scene.report, *sorry_forwarding->line, "there is no sorry server");
    }
}

} // namespace lbd::config::keepalived
