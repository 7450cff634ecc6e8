// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/connections.h"

#include <arpa/inet.h>

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <memory>
#include <string>

#include "lb/control/errands.h"

namespace lbd::control {

namespace asio = boost::asio;
namespace json = boost::json;
using dataplane::Flow;

namespace {

std::string endpoint(rte_be32_t address, rte_be16_t port) {
    std::array<char, INET_ADDRSTRLEN> text{};
    inet_ntop(AF_INET, &address, text.data(), text.size());
    return std::string(text.data()) + ':' + std::to_string(ntohs(port));
}

std::string endpoint(const dataplane::Ipv6& address, rte_be16_t port) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    inet_ntop(AF_INET6, address.data(), text.data(), text.size());
    return '[' + std::string(text.data()) + "]:" + std::to_string(ntohs(port));
}

template <class Key>
json::object flow_json(const Flow<Key>& flow, dataplane::Tick now, std::size_t worker,
                       const Roster& roster) {
    json::object object;
    const auto& backend = roster.backends().at(flow.backend).config;
    const bool ipv6 = backend.address.family == config::IpAddress::Family::v6;
    const std::string address = backend.address.text();
    object["protocol"] = flow.key.protocol == IPPROTO_TCP ? "tcp" : "udp";
    object["state"] = dataplane::flow_state_names[static_cast<std::size_t>(flow.state)];
    // A binding that its connections keep is past its own time.
    object["expires_seconds"] = dataplane::reached(flow.expires, now)
                                    ? 0
                                    : (flow.expires - now) / dataplane::ticks_per_second;
    object["client"] = endpoint(flow.key.client, flow.key.client_port);
    object["virtual"] = endpoint(flow.key.vip, flow.key.vip_port);
    object["backend"] =
        (ipv6 ? '[' + address + ']' : address) + ':' + std::to_string(ntohs(flow.key.vip_port));
    object["worker"] = worker;
    return object;
}

} // namespace

asio::awaitable<json::value> list_connections(dataplane::Engine& engine, const Roster& roster,
                                              std::size_t limit) {
    json::array list;
    bool truncated = false;
    std::uint64_t total = 0;
    for (std::size_t worker = 0; worker < engine.workers(); ++worker) {
        const auto& counters = engine.worker(worker).counters();
        total += counters.flows.get() + counters.flows6.get() + counters.persistence_entries.get();
        dataplane::Snapshot snapshot(limit);
        co_await run_errand(engine.worker(worker), snapshot);
        const auto add = [&](const auto& flows) {
            for (const auto& flow : flows) {
                if (list.size() == limit) break;
                list.push_back(flow_json(flow, snapshot.now, worker, roster));
            }
        };
        add(snapshot.flows4);
        add(snapshot.flows6);
        truncated = truncated || snapshot.truncated || list.size() == limit;
    }
    json::object data;
    data["connections"] = std::move(list);
    data["truncated"] = truncated;
    data["total"] = total;
    co_return data;
}

} // namespace lbd::control
