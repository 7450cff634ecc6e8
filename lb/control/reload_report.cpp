// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/reload_report.h"

#include <algorithm>

namespace lbd::control {

namespace {

// Says of each item whether it was added, removed or, by what `detail` says, changed.
template <typename Item, typename Same, typename Name, typename Detail>
void compare(const std::vector<Item>& before, const std::vector<Item>& after, Same same, Name name,
             Detail detail, std::vector<std::string>& lines) {
    const auto find_in = [&](const std::vector<Item>& items, const Item& wanted) {
        return std::find_if(items.begin(), items.end(),
                            [&](const Item& item) { return same(item, wanted); });
    };
    for (const Item& item : before)
        if (find_in(after, item) == after.end()) lines.push_back("removed " + name(item));
    for (const Item& item : after) {
        const auto former = find_in(before, item);
        if (former == before.end())
            lines.push_back("added " + name(item));
        else if (!(*former == item))
            detail(*former, item, lines);
    }
}

void compare_backends(const config::Service& before, const config::Service& after,
                      std::vector<std::string>& lines) {
    const auto name = [&](const config::Backend& backend) {
        return "backend " + backend.address.text() + " of service " + after.name;
    };
    compare(
        before.backends, after.backends,
        [](const auto& a, const auto& b) { return a.address == b.address; }, name,
        [&](const config::Backend& from, const config::Backend& to, auto& out) {
            std::string line = "changed " + name(to);
            if (from.weight != to.weight)
                line +=
                    ": weight " + std::to_string(from.weight) + " -> " + std::to_string(to.weight);
            out.push_back(line);
        },
        lines);
}

void compare_service(const config::Service& before, const config::Service& after,
                     std::vector<std::string>& lines) {
    config::Service without_backends = after;
    without_backends.backends = before.backends;
    if (!(before == without_backends)) lines.push_back("changed service " + after.name);
    compare_backends(before, after, lines);
}

} // namespace

std::vector<std::string> needs_restart(const config::Config& before, const config::Config& after) {
    std::vector<std::string> sections;
    if (before.name != after.name) sections.emplace_back("name");
    if (!(before.workers == after.workers)) sections.emplace_back("workers");
    if (!(before.memory == after.memory)) sections.emplace_back("memory");
    if (!(before.control == after.control)) sections.emplace_back("control");
    if (!(before.ports == after.ports)) sections.emplace_back("ports");
    if (!(before.sync == after.sync)) sections.emplace_back("sync");
    if (!(before.metrics == after.metrics)) sections.emplace_back("metrics");
    if (before.capture != after.capture) sections.emplace_back("capture");
    return sections;
}

std::vector<std::string> describe_changes(const config::Config& before,
                                          const config::Config& after) {
    std::vector<std::string> lines;
    compare(
        before.services, after.services,
        [](const auto& a, const auto& b) {
            return a.address == b.address && a.port == b.port && a.protocol == b.protocol;
        },
        [](const config::Service& service) { return "service " + service.name; }, compare_service,
        lines);
    compare(
        before.vrrp, after.vrrp, [](const auto& a, const auto& b) { return a.name == b.name; },
        [](const config::VrrpInstance& instance) { return "VRRP instance " + instance.name; },
        [](const auto&, const config::VrrpInstance& to, auto& out) {
            out.push_back("changed VRRP instance " + to.name);
        },
        lines);
    if (!(before.notifications == after.notifications)) lines.emplace_back("changed notifications");
    return lines;
}

} // namespace lbd::control
