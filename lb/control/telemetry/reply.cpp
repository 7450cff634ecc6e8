// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/telemetry/reply.h"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <charconv>

#include "lb/control/telemetry/plain.h"

namespace lbd::control::telemetry {

namespace json = boost::json;
using metrics::Snapshot;

namespace {

// The number to begin with; 0 if there is none, nothing if it is not one.
std::optional<std::size_t> parameter_number(std::string_view text) {
    if (text.empty()) return 0;
    std::size_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    return error == std::errc() && rest == end ? std::optional(number) : std::nullopt;
}

template <class Item>
Reply numbered(std::string_view key, std::size_t total, std::string_view parameters,
               const Item& item, json::object head = {}) {
    const auto from = parameter_number(parameters);
    if (!from || *from > total) return std::nullopt;
    return page(std::move(head), key, total, *from, item);
}

Reply numbered(std::string_view key, const json::array& items, std::string_view parameters,
               json::object head = {}) {
    const auto item = [&](std::size_t number) { return items[number].as_object(); };
    return numbered(key, items.size(), parameters, item, std::move(head));
}

Reply director(const Snapshot& snapshot, std::string_view parameters) {
    if (!parameters.empty()) return std::nullopt;
    json::object object = plain(snapshot.director);
    object["name"] = snapshot.name;
    object["ready"] = std::uint64_t{snapshot.ready};
    object["reloads_applied"] = snapshot.reloads.applied;
    object["reloads_refused"] = snapshot.reloads.refused;
    return object;
}

json::object describe(const metrics::Service& service) {
    json::object object;
    object["name"] = service.name;
    object["address"] = service.address.text();
    object["port"] = service.port;
    object["protocol"] = name_of(service.protocol);
    object["quorum"] = service.quorum;
    object["checks_ignored"] = service.checks_ignored;
    object["dropped"] = service.dropped;
    return object;
}

json::object describe(const metrics::Backend& backend) {
    json::object object;
    object["address"] = backend.address.text();
    object["up"] = backend.up;
    object["serving"] = backend.serving;
    object["suspected"] = backend.suspected;
    object["weight"] = backend.weight;
    object["share_percent"] = backend.share_percent;
    put(object, backend.totals);
    return object;
}

json::object describe(const health::CheckFigures& check) {
    json::object object;
    object["address"] = check.address.to_string();
    object["port"] = check.port;
    object["type"] = health::name_of(check.kind);
    object["up"] = check.verdict == health::Verdict::up;
    object["judged"] = check.verdict != health::Verdict::unknown;
    object["attempts"] = check.attempts;
    object["failures"] = check.failures;
    object["local_errors"] = check.local_errors;
    object["duration_ms"] = check.last_duration.count();
    return object;
}

Reply services(const Snapshot& snapshot, std::string_view parameters) {
    const auto item = [&](std::size_t number) { return describe(snapshot.services[number]); };
    return numbered("services", snapshot.services.size(), parameters, item);
}

std::optional<std::size_t> find_service(const Snapshot& snapshot, std::string_view name) {
    const auto& all = snapshot.services;
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const auto& service) { return service.name == name; });
    if (found == all.end()) return std::nullopt;
    return static_cast<std::size_t>(found - all.begin());
}

std::span<const metrics::Backend> backends_of(const Snapshot& snapshot, std::size_t service) {
    const auto end = snapshot.backends.end();
    const auto first =
        std::partition_point(snapshot.backends.begin(), end,
                             [=](const auto& backend) { return backend.service < service; });
    const auto last = std::partition_point(
        first, end, [=](const auto& backend) { return backend.service == service; });
    return {first, last};
}

Reply service(const Snapshot& snapshot, std::string_view parameters) {
    const auto index = find_service(snapshot, parameters);
    if (!index) return std::nullopt;
    json::object object = plain(describe(snapshot.services[*index]));
    Totals totals;
    std::uint64_t serving = 0;
    const auto backends = backends_of(snapshot, *index);
    for (const metrics::Backend& backend : backends) {
        totals += backend.totals;
        serving += backend.serving ? 1 : 0;
    }
    object["backends"] = backends.size();
    object["backends_serving"] = serving;
    put(object, totals);
    return object;
}

Reply backends(const Snapshot& snapshot, std::string_view parameters) {
    const std::string_view name = parameters.substr(0, parameters.find(',')); // has no comma
    const auto index = find_service(snapshot, name);
    if (!index) return std::nullopt;
    const bool alone = name.size() == parameters.size();
    const std::string_view from = alone ? std::string_view() : parameters.substr(name.size() + 1);
    const auto list = backends_of(snapshot, *index);
    const auto item = [&](std::size_t number) { return describe(list[number]); };
    json::object head;
    head["service"] = snapshot.services[*index].name;
    return numbered("backends", list.size(), from, item, std::move(head));
}

Reply checks(const Snapshot& snapshot, std::string_view parameters) {
    const auto item = [&](std::size_t number) { return describe(snapshot.checks[number]); };
    return numbered("checks", snapshot.checks.size(), parameters, item);
}

Reply workers(const Snapshot& snapshot, std::string_view parameters) {
    return numbered("workers", snapshot.director.at("workers").as_array(), parameters);
}

Reply ports(const Snapshot& snapshot, std::string_view parameters) {
    return numbered("ports", snapshot.director.at("ports").as_array(), parameters);
}

Reply vrrp(const Snapshot& snapshot, std::string_view parameters) {
    return numbered("instances", snapshot.vrrp.at("instances").as_array(), parameters);
}

Reply sync(const Snapshot& snapshot, std::string_view parameters) {
    return numbered("peers", snapshot.sync.at("peers").as_array(), parameters,
                    plain(snapshot.sync));
}

Reply drops(const Snapshot& snapshot, std::string_view parameters) {
    if (!parameters.empty()) return std::nullopt;
    json::object object;
    for (const json::value& drop : snapshot.director.at("drops").as_array())
        object[drop.at("reason").as_string()] = drop.at("packets");
    return object;
}

constexpr std::array list{
    Command{"/lbd/director", "The director and its host interface. No parameters", director},
    Command{"/lbd/services", "Services. Parameters: number to begin with", services},
    Command{"/lbd/service", "A service. Parameters: its name", service},
    Command{"/lbd/backends", "Backends. Parameters: service, number to begin with", backends},
    Command{"/lbd/checks", "Health checks. Parameters: number to begin with", checks},
    Command{"/lbd/workers", "Workers. Parameters: number to begin with", workers},
    Command{"/lbd/ports", "Ports. Parameters: number to begin with", ports},
    Command{"/lbd/drops", "Packets dropped, by reason. No parameters", drops},
    Command{"/lbd/vrrp", "VRRP instances. Parameters: number to begin with", vrrp},
    Command{"/lbd/sync", "Synchronisation. Parameters: number of the peer to begin with", sync},
};

} // namespace

std::span<const Command> commands() {
    return list;
}

} // namespace lbd::control::telemetry
