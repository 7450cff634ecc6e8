// SPDX-License-Identifier: BSD-3-Clause
#include "config/keepalived/import.h"

#include <algorithm>
#include <map>

#include "config/keepalived/block.h"
#include "config/keepalived/global.h"
#include "config/keepalived/ipvsadm.h"
#include "config/keepalived/service.h"
#include "config/keepalived/vrrp.h"

namespace lbd::config::keepalived {

namespace {

void check_top_level(const std::vector<Block>& blocks, const Keywords& known) {
    for (const auto& block : blocks) {
        if (block.braces && !known.knows(block.keyword())) {
            throw Malformed(block.origin,
                            "keepalived has no block '" + printable(block.keyword()) + "' here");
        }
    }
}

// Those that others refer to are read first, wherever they are.
struct Passes {
    std::vector<Block> first;
    std::vector<Block> second;
};

Passes passes_of(std::vector<Block> blocks, const Keywords& early) {
    Passes passes;
    for (auto& block : blocks) {
        (early.knows(block.keyword()) ? passes.first : passes.second).push_back(std::move(block));
    }
    return passes;
}

// An interface for services whose director has none named.
void add_default_port(Scene& scene) {
    if (scene.networks.empty()) {
        scene.networks.name_of(scene.globals.default_interface);
    }
}

Yaml converted(std::vector<Block> blocks, Scene& scene) {
    Vrrp vrrp(scene);
    Services services(scene);
    Keywords early;
    add_global_keywords(early, scene);
    vrrp.add_early_keywords(early);
    services.add_group_keywords(early);
    Keywords late;
    vrrp.add_keywords(late);
    services.add_keywords(late);
    Keywords all = early;
    vrrp.add_keywords(all);
    services.add_keywords(all);
    check_top_level(blocks, all);
    const auto passes = passes_of(std::move(blocks), early);
    early.read(passes.first, scene.report);
    late.read(passes.second, scene.report);
    vrrp.exclude_addresses();
    services.exclude_addresses();
    add_default_port(scene);
    scene.networks.settle();

    auto vrrp_part = Yaml::map();
    vrrp.put(vrrp_part);
    auto service_part = Yaml::map();
    services.put(service_part);
    auto document = Yaml::map();
    put_globals(document, scene);
    document.set("ports", scene.networks.ports());
    for (const auto* part : {&vrrp_part, &service_part}) {
        for (const auto& [key, value] : part->entries()) {
            document.set(key, value);
        }
    }
    return document;
}

// In the order of the files, each line once.
std::vector<Report::Entry> sorted(const Report& report, const std::string& file) {
    auto entries = report.entries();
    std::stable_sort(entries.begin(), entries.end(),
                     [&](const Report::Entry& a, const Report::Entry& b) {
                         const bool a_main = a.origin.file == file;
                         const bool b_main = b.origin.file == file;
                         if (a.origin.file != b.origin.file) {
                             return a_main != b_main ? a_main : a.origin.file < b.origin.file;
                         }
                         return a.origin.line < b.origin.line;
                     });
    entries.erase(std::unique(entries.begin(), entries.end(),
                              [](const Report::Entry& a, const Report::Entry& b) {
                                  return a.origin == b.origin && a.text == b.text;
                              }),
                  entries.end());
    return entries;
}

} // namespace

Imported import_text(std::string_view text, const std::string& file, const Options& options) {
    Report report;
    Scene scene{.options = options, .report = report, .networks = Networks(options)};
    auto blocks =
        is_ipvsadm(text)
            ? ipvsadm_blocks(text, file, report)
            : blocks_of(read_lines(text, file, {options.config_id, options.includes}, report));
    Imported imported;
    imported.yaml = converted(std::move(blocks), scene).document();
    std::string comments =
        "# What only you know: the gateway of a port through which the host's default route "
        "leads,\n"
        "# and the key of a sync section, without which a failover breaks connections.\n";
    for (const auto& entry : sorted(report, file)) {
        const auto line = entry.origin.text() + ": " + entry.text + '\n';
        comments += "# " + line;
        imported.reports += entry.lost ? line : "";
    }
    imported.yaml += comments;
    for (const auto& interface : scene.networks.without_addresses()) {
        imported.reports.append(interface)
            .append(": the director's own address is not known; give --address ")
            .append(interface)
            .append("=ADDRESS/LENGTH, or write it where FIXME stands\n");
    }
    imported.complete = imported.reports.empty();
    return imported;
}

} // namespace lbd::config::keepalived
