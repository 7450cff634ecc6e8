// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/vrrp_status.h"

#include <boost/json/array.hpp>
#include <string>
#include <utility>

namespace lbd::control {

namespace json = boost::json;

namespace {

// INIT is the RFC's; what keeps a router there that has been elsewhere is keepalived's FAULT.
std::string_view state_of(const vrrp::Status& status) {
    const bool fault = status.state == vrrp::RouterState::initialize && status.transitions != 0;
    return fault ? "FAULT" : vrrp::name_of(status.state);
}

template <typename List, typename Text>
json::array texts_of(const List& list, const Text& text) {
    json::array texts;
    for (const auto& one : list) texts.emplace_back(text(one));
    return texts;
}

json::value address_or_null(const std::optional<vrrp::Address>& address) {
    return address ? json::value(address->to_string()) : json::value();
}

double seconds_since(vrrp::Time time) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - time).count();
}

void describe_configured(const config::VrrpInstance& configured, json::object& object) {
    object["name"] = configured.name;
    object["interface"] = configured.port;
    object["family"] = configured.family == config::IpAddress::Family::v4 ? "ipv4" : "ipv6";
    object["version"] = configured.version;
    object["vrid"] = configured.vrid;
    object["priority"] = configured.priority;
    object["interval_ms"] = configured.interval.count();
    object["preempt"] = configured.preempt;
    object["group"] = configured.group;
    object["peers"] = texts_of(configured.peers, [](const auto& peer) { return peer.text(); });
    object["addresses"] =
        texts_of(configured.virtual_addresses, [](const auto& address) { return address.text(); });
}

void describe_status(const vrrp::Status& status, json::object& object) {
    object["state"] = state_of(status);
    object["reason"] = status.reason;
    object["since_seconds"] = seconds_since(status.since);
    object["master"] = address_or_null(status.master);
    object["adverts_sent"] = status.adverts_sent;
    object["adverts_received"] = status.adverts_received;
    object["send_errors"] = status.send_errors;
    object["transitions"] = status.transitions;
    json::object rejected;
    for (std::size_t reason = 0; reason < vrrp::reject_count; ++reason)
        rejected[vrrp::reject_names[reason]] = status.rejected[reason];
    object["rejected"] = std::move(rejected);
    object["address_list_differs"] = status.address_list_differs;
    object["rival_adverts"] = status.rival_adverts;
    object["rival"] = address_or_null(status.rival);
    object["rival_seconds_ago"] =
        status.rival ? json::value(seconds_since(status.rival_heard)) : json::value();
}

} // namespace

json::object instance_status(const config::VrrpInstance& configured, const vrrp::Instance& instance,
                             const Judgement& judgement) {
    json::object object;
    describe_configured(configured, object);
    describe_status(instance.status(), object);
    object["source"] = instance.settings().source.to_string();
    object["effective_priority"] = judgement.priority;
    object["failed"] = texts_of(judgement.failed, [](const auto& failure) { return failure; });
    object["ready"] = judgement.fault.empty();
    object["ready_reason"] = judgement.fault.empty() ? "ready" : judgement.fault;
    return object;
}

} // namespace lbd::control
