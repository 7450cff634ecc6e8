// SPDX-License-Identifier: BSD-3-Clause
#include <array>
#include <boost/algorithm/hex.hpp>
#include <iterator>
#include <utility>

#include "config/build_parts.h"
#include "config/layers.h"
#include "config/status_ranges.h"

namespace lbd::config {

namespace {

HealthCheck::Kind kind_named(std::string_view name) {
    constexpr std::array<std::pair<std::string_view, HealthCheck::Kind>, 8> kinds{
        {{"tcp", HealthCheck::Kind::tcp},
         {"http", HealthCheck::Kind::http},
         {"https", HealthCheck::Kind::https},
         {"smtp", HealthCheck::Kind::smtp},
         {"udp", HealthCheck::Kind::udp},
         {"dns", HealthCheck::Kind::dns},
         {"ping", HealthCheck::Kind::ping},
         {"script", HealthCheck::Kind::script}}};
    const auto* found = std::find_if(kinds.begin(), kinds.end(),
                                     [&](const auto& kind) { return kind.first == name; });
    return found == kinds.end() ? HealthCheck::Kind::tcp : found->second;
}

std::string text_or_empty(const Node& node) {
    return maybe<std::string>(node).value_or("");
}

std::vector<HealthPage> build_pages(const Node& urls) {
    std::vector<HealthPage> pages;
    for (const auto& url : urls.items) {
        pages.push_back({.path = the<std::string>(url["path"]),
                         .statuses = *status_ranges(the<std::string>(url["status"])),
                         .match = text_or_empty(url["match"]),
                         .digest = text_or_empty(url["digest"])});
    }
    if (pages.empty()) {
        pages.push_back({.path = "/", .statuses = {{200, 299}}, .match = {}, .digest = {}});
    }
    return pages;
}

HealthTls build_tls(const Layers& layers) {
    return {.name = text_or_empty(layers["tls_name"]),
            .verify = the<bool>(layers["tls_verify"]),
            .authorities = text_or_empty(layers["tls_authorities"]),
            .certificate = text_or_empty(layers["tls_certificate"]),
            .key = text_or_empty(layers["tls_key"])};
}

// What is of the kind alone, so that what another kind would look at tells no checks apart.
void build_particulars(HealthCheck& check, const Layers& layers) {
    switch (check.kind) {
        case HealthCheck::Kind::https:
            check.tls = build_tls(layers);
            [[fallthrough]];
        case HealthCheck::Kind::http:
            check.host = text_or_empty(layers["host"]);
            check.http_1_0 = layers["http_version"].is("1.0");
            check.pages = build_pages(layers.list("urls"));
            break;
        case HealthCheck::Kind::smtp:
            check.helo = the<std::string>(layers["helo"]);
            break;
        case HealthCheck::Kind::udp:
            boost::algorithm::unhex(text_or_empty(layers["payload"]),
                                    std::back_inserter(check.payload));
            check.answer_required = the<bool>(layers["answer_required"]);
            break;
        case HealthCheck::Kind::dns:
            check.query_name = the<std::string>(layers["query_name"]);
            check.query_type = the<std::string>(layers["query_type"]);
            break;
        case HealthCheck::Kind::script:
            for (const auto& word : layers.list("script").items) {
                check.script.push_back(the<std::string>(word));
            }
            check.user = text_or_empty(layers["user"]);
            break;
        case HealthCheck::Kind::tcp:
        case HealthCheck::Kind::ping:
        case HealthCheck::Kind::vip:
            break;
    }
}

// What every kind has.
HealthCheck build_check(HealthCheck::Kind kind, const Layers& layers) {
    HealthCheck check{.kind = kind,
                      .interval = the<Milliseconds>(layers["interval"]),
                      .connect_timeout = the<Milliseconds>(layers["connect_timeout"]),
                      .retries = integer<unsigned>(layers["retries"]),
                      .delay_before_retry = the<Milliseconds>(layers["delay_before_retry"]),
                      .rise = integer<unsigned>(layers["rise"]),
                      .initially_up = the<bool>(layers["initially_up"]),
                      .warmup = the<Milliseconds>(layers["warmup"])};
    for (const auto& source : layers.list("source").items) {
        check.sources.push_back(the<IpAddress>(source));
    }
    return check;
}

} // namespace

std::vector<HealthCheck> build_checks(const Node& root, const Node& service, const Node& backend) {
    std::vector<HealthCheck> checks;
    bool vip = is_tunnelled(service, backend); // which is not checked, or already is
    for (const auto& layers : checks_of(root, service, backend)) {
        const auto kind = kind_of_check(service, layers);
        if (kind != "none") {
            auto check = build_check(kind_named(kind), layers);
            const auto port = maybe<std::uint64_t>(layers["port"]);
            check.port = port ? std::optional(static_cast<std::uint16_t>(*port)) : std::nullopt;
            check.address = maybe<IpAddress>(layers["address"]);
            build_particulars(check, layers);
            checks.push_back(std::move(check));
        }
        if (the<bool>(layers["check_vip"]) && !std::exchange(vip, true)) {
            checks.push_back(build_check(HealthCheck::Kind::vip, layers));
        }
    }
    return checks;
}

} // namespace lbd::config
