// SPDX-License-Identifier: BSD-3-Clause
#include "config/keepalived/check.h"

#include <algorithm>
#include <array>

#include "config/keepalived/check_http.h"
#include "config/schema_parts.h"

namespace lbd::config::keepalived {

namespace {

using namespace std::chrono_literals;

// keepalived.conf(5), "Virtual server(s)".
struct CheckKind {
    std::string_view keyword;
    const char* type;
    std::uint64_t retry;
    Milliseconds delay_before_retry; // 0: the delay_loop
};
constexpr std::array<CheckKind, 8> kinds{{
    {"TCP_CHECK", "tcp", 1, 1s},
    {"HTTP_GET", "http", 1, 3s},
    {"SSL_GET", "https", 1, 3s},
    {"SMTP_CHECK", "smtp", 1, 1s},
    {"DNS_CHECK", "dns", 3, 0s},
    {"UDP_CHECK", "udp", 1, 1s},
    {"PING_CHECK", "ping", 1, 1s},
    {"MISC_CHECK", "script", 0, 1s},
}};

const CheckKind* kind_of(const std::string& keyword) {
    const auto* found = std::find_if(
        kinds.begin(), kinds.end(), [&](const CheckKind& kind) { return kind.keyword == keyword; });
    return found == kinds.end() ? nullptr : found;
}

Keywords::Handler value(Yaml& check, const char* key, Scene& scene) {
    return [&check, &scene, key](const Block& line) {
        if (const auto given = one_word(line, scene.report)) {
            put(check, parts::health(), key, *given, line, scene.report);
        }
    };
}

void add_connection_keywords(Keywords& keywords, Yaml& check, Scene& scene) {
    keywords.on("connect_ip", value(check, "address", scene));
    keywords.on("connect_port", value(check, "port", scene));
    keywords.on("bindto", [&check, &scene](const Block& line) {
        const auto given = one_word(line, scene.report);
        const auto address = given ? IpAddress::parse(*given) : std::nullopt;
        if (address) {
            check.set("source", Yaml::words({address->text()}));
        } else if (given) {
            lost(scene.report, line, "this is no address");
        }
    });
    keywords.lost({"bind_if", "bind_port", "fwmark"},
                  "lbd's checks choose interface and port themselves");
    keywords.lost({"log_all_failures"}, "lbctl health shows the last result");
}

// "Ab12f 3" is ab 12 0f 03: the last of an odd number of digits is a byte of its own.
std::string payload_of(const Block& line) {
    std::string payload;
    for (std::size_t i = 1; i < line.words.size(); ++i) {
        const auto& digits = line.words[i];
        const auto paired = digits.size() / 2 * 2;
        payload += digits.substr(0, paired);
        if (paired < digits.size()) {
            payload += '0';
            payload += digits.back();
        }
    }
    return payload;
}

void add_udp_keywords(Keywords& keywords, Yaml& check, Scene& scene) {
    keywords.on("payload", [&](const Block& line) {
        put(check, parts::health(), "payload", payload_of(line), line, scene.report);
    });
    keywords.on("require_reply", [&](const Block& line) {
        check.set("answer_required", "true");
        if (line.words.size() > 1) {
            lost(scene.report, line, "lbd does not compare what an answer says");
        }
    });
    keywords.lost({"min_reply_length", "max_reply_length"},
                  "lbd does not look at an answer's length");
}

void add_script_keywords(Keywords& keywords, Yaml& check, Scene& scene) {
    keywords.on("misc_path", [&](const Block& line) {
        auto run = Yaml::map();
        if (put_script(run, line, scene)) {
            for (const auto& [key, given] : run.entries()) {
                check.set(key, given);
            }
        }
    });
    keywords.on("misc_timeout", [&](const Block& line) {
        if (const auto timeout = one_timer(line, scene.report, 10ms, 300s)) {
            check.set("connect_timeout", duration_text(*timeout));
        }
    });
    keywords.on("user", [&](const Block& line) {
        Arguments arguments(line, scene.report);
        const auto& user = arguments.next();
        put(check, parts::health(), "user", user, line, scene.report);
        arguments.finish();
    });
    keywords.lost({"misc_dynamic"}, "the exit status does not change the weight");
}

void add_kind_keywords(Keywords& keywords, const CheckKind& kind, Yaml& check, Scene& scene) {
    const std::string_view type = kind.type;
    if (type != "script") {
        add_connection_keywords(keywords, check, scene);
    }
    if (type == "smtp") {
        keywords.on("helo_name", value(check, "helo", scene));
        // Deprecated by keepalived: what the checker has itself.
        keywords.on_block("host", [&check, &scene](const Block& block) {
            Keywords host;
            add_connection_keywords(host, check, scene);
            host.read(block.items, scene.report);
        });
    } else if (type == "dns") {
        keywords.on("type", value(check, "query_type", scene));
        keywords.on("name", value(check, "query_name", scene));
    } else if (type == "udp") {
        add_udp_keywords(keywords, check, scene);
    } else if (type == "script") {
        add_script_keywords(keywords, check, scene);
    }
}

// What lbd bounds more tightly than keepalived does was cut, and reported, when it was read.
void put_timing(Yaml& check, const CheckDefaults& values, const CheckKind& kind) {
    const auto interval = values.delay_loop.value_or(60s);
    const auto is_script = std::string_view(kind.type) == "script";
    const auto timeout =
        is_script ? std::min<Milliseconds>(interval, 300s) : values.connect_timeout.value_or(5s);
    const auto retry_delay = kind.delay_before_retry == 0ms ? interval : kind.delay_before_retry;
    check.set("interval", duration_text(interval));
    if (check.find("connect_timeout") == nullptr) { // misc_timeout
        check.set("connect_timeout", duration_text(timeout));
    }
    check.set("retries", std::to_string(values.retry.value_or(kind.retry)));
    check.set("delay_before_retry", duration_text(values.delay_before_retry.value_or(retry_delay)));
    if (values.warmup) {
        check.set("warmup", duration_text(*values.warmup));
    }
    check.set("initially_up", values.alpha ? "false" : "true");
}

} // namespace

bool is_checker(const std::string& keyword) {
    return kind_of(keyword) != nullptr;
}

void add_timing_keywords(Keywords& keywords, CheckDefaults& values, Scene& scene) {
    const auto timer = [&](const char* keyword, std::optional<Milliseconds>& target,
                           Milliseconds least, Milliseconds most) {
        keywords.on(keyword, [&target, &scene, least, most](const Block& line) {
            const auto given = one_timer(line, scene.report, least, most);
            target = given ? given : target;
        });
    };
    timer("delay_loop", values.delay_loop, 10ms, 3600s);
    timer("connect_timeout", values.connect_timeout, 10ms, 300s);
    timer("delay_before_retry", values.delay_before_retry, 0ms, 3600s);
    timer("warmup", values.warmup, 0ms, 3600s);
    const auto retry = [&](const Block& line) {
        const auto given = one_number(line, scene.report, 0, 100);
        values.retry = given ? given : values.retry;
    };
    keywords.on("retry", retry);
    keywords.on("nb_get_retry", retry); // its former names
    keywords.on("alpha", [&](const Block& line) { values.alpha = one_flag(line, scene.report); });
}

std::optional<Yaml> read_check(const Block& block, const CheckDefaults& defaults, Scene& scene) {
    const auto* kind = kind_of(block.keyword());
    if (kind == nullptr) {
        return std::nullopt;
    }
    auto values = defaults;
    auto given = Yaml::map();
    Keywords keywords;
    HttpCheck http;
    const bool is_http = kind->keyword == "HTTP_GET" || kind->keyword == "SSL_GET";
    add_timing_keywords(keywords, values, scene);
    add_kind_keywords(keywords, *kind, given, scene);
    if (is_http) {
        add_http_keywords(keywords, http, values, scene);
    }
    Arguments(block, scene.report).finish();
    keywords.read(block.items, scene.report);
    if (std::string_view(kind->type) == "script" && given.find("script") == nullptr) {
        lost(scene.report, block, "it has no program that lbd could run");
        return std::nullopt;
    }
    auto check = Yaml::map();
    check.set("type", kind->type);
    for (const auto& [key, text] : given.entries()) {
        check.set(key, text);
    }
    if (is_http) {
        put_http(check, http, values.virtualhost, kind->keyword == "SSL_GET", block, scene);
    }
    put_timing(check, values, *kind);
    return check;
}

} // namespace lbd::config::keepalived
