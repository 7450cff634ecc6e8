// SPDX-License-Identifier: BSD-3-Clause
#include "tools/lbctl/top/sample.h"

#include <algorithm>
#include <unordered_map>

#include "tools/lbctl/fields.h"

namespace lbd::lbctl::top {

namespace json = boost::json;

namespace {

using Known = std::unordered_map<std::string, const Traffic*>;

template <typename Item>
std::vector<Item> items_of(const json::array& array, Item (*read)(const json::object&)) {
    std::vector<Item> items;
    items.reserve(array.size());
    for (const json::value& value : array)
        if (value.is_object()) items.push_back(read(value.as_object()));
    return items;
}

Traffic traffic_of(const json::object& object) {
    const json::object& rates = child(object, "rates");
    Traffic traffic;
    traffic.counters = {number(object, "connections"), number(object, "packets"),
                        number(object, "bytes")};
    traffic.rates = {number(rates, "connections_per_second"), number(rates, "packets_per_second"),
                     8 * number(rates, "bytes_per_second")};
    traffic.active = number(object, "active_connections");
    traffic.inactive = number(object, "inactive_connections");
    return traffic;
}

Backend backend_of(const json::object& object) {
    return {ascii(endpoint(object)), ascii(text(object, "state")), traffic_of(object)};
}

Service service_of(const json::object& object) {
    return {ascii(text(object, "name")),
            ascii(upper(text(object, "protocol")) + ' ' + endpoint(object)), traffic_of(object),
            items_of(list(object, "backends"), backend_of)};
}

Worker worker_of(const json::object& object) {
    return {number(object, "cycles"), number(object, "busy_cycles"),
            number(object, "busy_percent")};
}

Instance instance_of(const json::object& object) {
    return {ascii(text(object, "name")), ascii(text(object, "state")),
            number(object, "since_seconds")};
}

void measure(Traffic& now, const Known& known, const std::string& key, double seconds) {
    const auto found = known.find(key);
    if (found == known.end()) return;
    const Counters& before = found->second->counters;
    const Counters& after = now.counters;
    if (after.connections < before.connections || after.packets < before.packets ||
        after.bytes < before.bytes)
        return;
    now.rates = {(after.connections - before.connections) / seconds,
                 (after.packets - before.packets) / seconds,
                 8 * (after.bytes - before.bytes) / seconds};
}

void measure(Worker& now, const Worker& before) {
    const double cycles = now.cycles - before.cycles;
    const double busy = now.busy_cycles - before.busy_cycles;
    if (cycles > 0 && busy >= 0) now.busy_percent = std::min(100 * busy / cycles, 100.0);
}

} // namespace

std::size_t backends_up(const Service& service) {
    return static_cast<std::size_t>(
        std::count_if(service.backends.begin(), service.backends.end(),
                      [](const Backend& backend) { return backend.state == "up"; }));
}

std::string ascii(std::string_view text) {
    std::string result(text);
    for (char& character : result)
        if (character < ' ' || character > '~') character = '?';
    return result;
}

Sample sample_of(const json::object& stats, const json::object& vrrp) {
    Sample sample;
    sample.uptime_seconds = number(stats, "uptime_seconds");
    sample.services = items_of(list(stats, "services"), service_of);
    sample.workers = items_of(list(stats, "workers"), worker_of);
    sample.instances = items_of(list(vrrp, "instances"), instance_of);
    for (const json::value& drop : list(stats, "drops"))
        if (drop.is_object()) sample.dropped += number(drop.as_object(), "packets");
    return sample;
}

void measure(Sample& now, const Sample& before) {
    // By lbd's clock: its answer may have been under way for longer than the one before.
    const double seconds = now.uptime_seconds - before.uptime_seconds;
    if (!(seconds > 0)) return;
    Known known;
    for (const Service& service : before.services) {
        known.emplace(service.endpoint, &service.traffic);
        for (const Backend& backend : service.backends)
            known.emplace(service.endpoint + ' ' + backend.endpoint, &backend.traffic);
    }
    for (Service& service : now.services) {
        measure(service.traffic, known, service.endpoint, seconds);
        for (Backend& backend : service.backends)
            measure(backend.traffic, known, service.endpoint + ' ' + backend.endpoint, seconds);
    }
    if (now.workers.size() == before.workers.size())
        for (std::size_t index = 0; index < now.workers.size(); ++index)
            measure(now.workers[index], before.workers[index]);
    now.drops = std::max(now.dropped - before.dropped, 0.0) / seconds;
}

} // namespace lbd::lbctl::top
