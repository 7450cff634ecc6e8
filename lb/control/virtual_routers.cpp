// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/virtual_routers.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <utility>

#include "lb/control/asio_address.h"
#include "lb/control/log.h"

namespace lbd::control {

namespace json = boost::json;

namespace {

vrrp::VirtualAddress to_virtual(const config::Prefix& prefix) {
    return {to_asio(prefix.address), prefix.length};
}

config::Prefix to_prefix(const vrrp::VirtualAddress& address) {
    config::Prefix prefix;
    const auto copy = [&prefix](const auto& bytes) {
        std::copy(bytes.begin(), bytes.end(), prefix.address.bytes.begin());
    };
    if (address.address.is_v4()) {
        prefix.address.family = config::IpAddress::Family::v4;
        copy(address.address.to_v4().to_bytes());
    } else {
        prefix.address.family = config::IpAddress::Family::v6;
        copy(address.address.to_v6().to_bytes());
    }
    prefix.length = address.prefix;
    return prefix;
}

// `networks` has that of the instance: a configuration is checked before it gets here.
vrrp::Settings settings_of(const config::VrrpInstance& configured,
                           const std::vector<config::Network>& networks) {
    const auto network =
        std::find_if(networks.begin(), networks.end(),
                     [&](const config::Network& one) { return one.name == configured.port; });
    vrrp::Settings settings;
    settings.name = configured.name;
    settings.interface = configured.port;
    for (const config::Prefix& address : network->addresses) {
        if (address.address.family != config::IpAddress::Family::v4) continue;
        settings.source = to_asio(address.address).to_v4();
        break;
    }
    settings.version = configured.version;
    settings.vrid = configured.vrid;
    settings.priority = configured.priority;
    settings.interval = configured.interval;
    settings.preempt = configured.preempt;
    settings.preempt_delay = configured.preempt_delay;
    settings.start_as_master = configured.start_as_master;
    if (configured.authentication) settings.password = configured.authentication->password;
    for (const config::Prefix& address : configured.virtual_addresses)
        settings.addresses.push_back(to_virtual(address));
    settings.garp_repeat = configured.garp_repeat;
    settings.garp_delay = configured.garp_delay;
    settings.garp_refresh = configured.garp_refresh;
    return settings;
}

} // namespace

VirtualRouters::VirtualRouters(boost::asio::io_context& io, Rtnetlink& netlink)
    : io_(io), netlink_(netlink) {}

VirtualRouters::~VirtualRouters() {
    instances_.clear(); // while there still is a listener
}

void VirtualRouters::reconcile(const config::Config& config) {
    std::map<std::string, std::unique_ptr<vrrp::Instance>> former = std::exchange(instances_, {});
    const std::vector<config::Network> networks = config::networks(config);
    for (const config::VrrpInstance& configured : config.vrrp) {
        const vrrp::Settings settings = settings_of(configured, networks);
        const auto known = former.find(configured.name);
        if (known != former.end() && known->second->update(settings))
            instances_.insert(former.extract(known));
    }
    former.clear(); // before a successor takes over what is not kept
    vrrp::Listener& listener = *this;
    for (const config::VrrpInstance& configured : config.vrrp) {
        if (instances_.contains(configured.name)) continue;
        auto instance =
            std::make_unique<vrrp::Instance>(io_, settings_of(configured, networks), listener);
        if (readiness_[configured.port].ready) instance->set_ready(true);
        instances_.emplace(configured.name, std::move(instance));
    }
}

void VirtualRouters::set_ready(const std::string& port, bool ready, const std::string& reason) {
    Readiness& current = readiness_[port];
    current.reason = reason;
    if (std::exchange(current.ready, ready) == ready) return;
    log(ready ? LogLevel::notice : LogLevel::warning,
        "port " + port + (ready ? ": ready" : ": not ready: " + reason));
    for (const auto& [name, instance] : instances_)
        if (instance->settings().interface == port) instance->set_ready(ready);
}

bool VirtualRouters::resign(const std::string& name) {
    const auto found = instances_.find(name);
    if (found == instances_.end() || found->second->status().state != vrrp::RouterState::master)
        return false;
    found->second->resign();
    return true;
}

bool VirtualRouters::resign() {
    bool any = false;
    for (const auto& [name, instance] : instances_) any |= resign(name);
    return any;
}

bool VirtualRouters::lingers() const {
    return std::any_of(instances_.begin(), instances_.end(),
                       [](const auto& known) { return known.second->lingers(); });
}

std::chrono::milliseconds VirtualRouters::shortest_interval() const {
    std::chrono::milliseconds shortest{1000};
    for (const auto& [name, instance] : instances_)
        shortest = std::min(shortest, instance->settings().interval);
    return shortest;
}

// Of a backup that hears priority 0: its skew time (RFC 9568 6.1), at most one interval; of
// version 2, a second.
std::chrono::milliseconds VirtualRouters::longest_wait() const {
    std::chrono::milliseconds longest{0};
    for (const auto& [name, instance] : instances_)
        if (instance->lingers())
            longest = std::max(longest, instance->settings().version == 2
                                            ? std::chrono::milliseconds(1000)
                                            : instance->settings().interval);
    return longest;
}

void VirtualRouters::stop() {
    for (const auto& [name, instance] : instances_) instance->stop();
}

void VirtualRouters::acquire(const vrrp::Settings& settings,
                             std::span<const vrrp::VirtualAddress> addresses) {
    const unsigned interface = Rtnetlink::index_of(settings.interface);
    for (const vrrp::VirtualAddress& address : addresses)
        if (const auto error = netlink_.add_virtual_address(interface, to_prefix(address)))
            log(LogLevel::error, settings.name + ": add " + address.address.to_string() + " to " +
                                     settings.interface + ": " + error.message());
}

void VirtualRouters::release(const vrrp::Settings& settings,
                             std::span<const vrrp::VirtualAddress> addresses) {
    const unsigned interface = Rtnetlink::index_of(settings.interface);
    for (const vrrp::VirtualAddress& address : addresses)
        if (const auto error = netlink_.remove_address(interface, to_prefix(address)))
            log(LogLevel::error, settings.name + ": remove " + address.address.to_string() +
                                     " from " + settings.interface + ": " + error.message());
}

void VirtualRouters::changed(const vrrp::Settings& settings, vrrp::RouterState from,
                             vrrp::RouterState to, std::string_view reason) {
    log(LogLevel::notice, settings.name + ": " + std::string(name_of(from)) + " -> " +
                              std::string(name_of(to)) + " (" + std::string(reason) + ")");
}

void VirtualRouters::rejected(const vrrp::Settings& settings, const vrrp::Address& source,
                              vrrp::Reject reason) {
    log(LogLevel::warning,
        settings.name + ": advertisement from " + source.to_string() +
            " rejected: " + std::string(vrrp::reject_names[static_cast<std::size_t>(reason)]));
}

json::object VirtualRouters::describe(const vrrp::Instance& instance) const {
    const vrrp::Settings& settings = instance.settings();
    const vrrp::Status& status = instance.status();
    json::object object;
    object["name"] = settings.name;
    object["interface"] = settings.interface;
    object["version"] = settings.version;
    object["vrid"] = settings.vrid;
    object["state"] = name_of(status.state);
    object["priority"] = settings.priority;
    object["interval_ms"] = settings.interval.count();
    object["preempt"] = settings.preempt;
    object["master"] = status.master ? json::value(status.master->to_string()) : json::value();
    object["since_seconds"] =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - status.since).count();
    json::array addresses;
    for (const vrrp::VirtualAddress& address : settings.addresses)
        addresses.emplace_back(to_prefix(address).text());
    object["addresses"] = std::move(addresses);
    object["adverts_sent"] = status.adverts_sent;
    object["adverts_received"] = status.adverts_received;
    object["send_errors"] = status.send_errors;
    json::object rejected;
    for (std::size_t reason = 0; reason < vrrp::reject_count; ++reason)
        rejected[vrrp::reject_names[reason]] = status.rejected[reason];
    object["rejected"] = std::move(rejected);
    object["address_list_differs"] = status.address_list_differs;
    object["transitions"] = status.transitions;
    object["reason"] = status.reason;
    const auto readiness = readiness_.find(settings.interface);
    object["ready"] = readiness != readiness_.end() && readiness->second.ready;
    object["ready_reason"] =
        readiness == readiness_.end() ? std::string("starting") : readiness->second.reason;
    return object;
}

json::object VirtualRouters::status() const {
    json::array instances;
    for (const auto& [name, instance] : instances_) instances.push_back(describe(*instance));
    json::object data;
    data["instances"] = std::move(instances);
    return data;
}

} // namespace lbd::control
