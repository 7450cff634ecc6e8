// SPDX-License-Identifier: BSD-3-Clause
#include "config/keepalived/check_http.h"

#include "config/schema_parts.h"

namespace lbd::config::keepalived {

namespace {

void read_status(const Block& line, Yaml& url, const Section& section, Scene& scene) {
    std::string statuses;
    for (std::size_t i = 1; i < line.words.size(); ++i) {
        statuses += (i == 1 ? "" : ",") + line.words[i];
    }
    put(url, section, "status", statuses, line, scene.report);
}

// lbd has one virtual host for all urls of a check.
void read_url_host(const Block& line, HttpCheck& http, Scene& scene) {
    const auto host = one_word(line, scene.report);
    if (!host) {
        return;
    }
    if (!http.host.empty() && http.host != *host) {
        lost(scene.report, line,
             "a check asks one virtual host, " + printable(http.host) +
                 "; make the other urls a check of their own");
    } else if (fits(parts::health(), "host", *host)) {
        http.host = *host;
    } else {
        lost(scene.report, line, "this is no host name");
    }
}

void read_url(const Block& block, HttpCheck& http, Scene& scene) {
    const auto& section = *parts::health().find("urls")->section;
    auto url = Yaml::map();
    bool no_match = false;
    const Block* regex = nullptr;
    Keywords keywords;
    const auto on = [&](const char* keyword, const char* key) {
        keywords.on(keyword, [&, key](const Block& line) {
            if (const auto given = one_word(line, scene.report)) {
                put(url, section, key, *given, line, scene.report);
            }
        });
    };
    on("path", "path");
    on("digest", "digest");
    keywords.on("status_code", [&](const Block& line) { read_status(line, url, section, scene); });
    keywords.on("virtualhost", [&](const Block& line) { read_url_host(line, http, scene); });
    keywords.on("regex", [&](const Block& line) { regex = &line; });
    keywords.on("regex_no_match", [&](const Block& line) {
        no_match = true;
        lost(scene.report, line, "lbd cannot ask for a body that does not match");
    });
    keywords.lost(
        {"regex_options", "regex_stack", "regex_min_offset", "regex_max_offset", "tls_compliant"},
        "lbd's match has no options; those of RE2 are written into the expression, "
        "(?i) for example");
    keywords.read(block.items, scene.report);
    if (regex != nullptr && no_match) {
        lost(scene.report, *regex, "lbd cannot ask for a body that does not match");
    } else if (regex != nullptr) {
        if (const auto given = one_word(*regex, scene.report)) {
            put(url, section, "match", *given, *regex, scene.report);
        }
    }
    url.on_one_line();
    http.urls.add(std::move(url));
}

} // namespace

void add_http_keywords(Keywords& keywords, HttpCheck& http, CheckDefaults& values, Scene& scene) {
    keywords.on_block("url", [&](const Block& block) { read_url(block, http, scene); });
    keywords.on("http_protocol", [&](const Block& line) {
        const auto version = one_word(line, scene.report);
        if (version && (*version == "1.0" || *version == "1.1")) {
            http.version = *version;
        } else if (version) {
            changed(scene.report, line, "lbd speaks 1.0 and 1.1, so it is 1.0");
        }
    });
    keywords.on("virtualhost", [&](const Block& line) {
        if (const auto host = one_word(line, scene.report)) {
            values.virtualhost = *host;
        }
    });
    keywords.noted({"enable_sni"}, "lbd always indicates the server name");
    keywords.noted({"fast_recovery"}, "lbd asks for all urls in each check");
}

void put_http(Yaml& check, const HttpCheck& http, const std::string& virtualhost, bool tls,
              const Block& block, Scene& scene) {
    const auto& host = http.host.empty() ? virtualhost : http.host;
    if (!host.empty()) {
        put(check, parts::health(), "host", host, block, scene.report);
    }
    check.set("http_version", http.version);
    if (!http.urls.empty()) {
        check.set("urls", http.urls);
    }
    if (tls) {
        for (const auto& [key, value] : scene.globals.tls.entries()) {
            check.set(key, value);
        }
    }
}

} // namespace lbd::config::keepalived
