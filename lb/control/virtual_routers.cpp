// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/virtual_routers.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/json/array.hpp>
#include <utility>

#include "lb/control/asio_address.h"
#include "lb/control/host_frames.h"
#include "lb/control/log.h"
#include "lb/control/vrrp_status.h"

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

auto key_of(const config::VrrpTrack& track) {
    return std::tuple(track.script, track.interval, track.timeout, track.rise, track.fall);
}

} // namespace

VirtualRouters::VirtualRouters(boost::asio::io_context& io, Rtnetlink& netlink, Ports ports,
                               Told told)
    : io_(io), netlink_(netlink), ports_(std::move(ports)), told_(std::move(told)) {
    conditions_.start = "starting";
    conditions_.link = [](const std::string&) { return std::string(); };
    conditions_.live_backends = [](const std::string&) { return 0U; };
}

VirtualRouters::~VirtualRouters() {
    // They look at each other while they end.
    const Members going = std::exchange(members_, {});
}

vrrp::Settings VirtualRouters::settings_of(const config::VrrpInstance& configured) const {
    vrrp::Settings settings;
    settings.name = configured.name;
    settings.interface = configured.port;
    settings.source =
        to_asio(configured.source ? *configured.source : ports_.link_local(configured.port));
    for (const config::IpAddress& peer : configured.peers) settings.peers.push_back(to_asio(peer));
    settings.least_ttl = configured.min_ttl;
    if (configured.virtual_mac) settings.virtual_mac = virtual_mac(configured).bytes;
    settings.version = configured.version;
    settings.vrid = configured.vrid;
    settings.priority = configured.priority;
    settings.interval = configured.interval;
    settings.preempt = configured.preempt;
    settings.preempt_delay = configured.preempt_delay;
    settings.start_as_master = configured.start_as_master;
    // In clear on the network in any case, and so no secret of the sender's memory.
    if (configured.authentication)
        settings.password = std::string(configured.authentication->password.reveal());
    for (const config::Prefix& address : configured.virtual_addresses)
        settings.addresses.push_back(to_virtual(address));
    settings.garp_repeat = configured.garp_repeat;
    settings.garp_delay = configured.garp_delay;
    settings.garp_refresh = configured.garp_refresh;
    return settings;
}

void VirtualRouters::reconcile(const config::Config& config) {
    Members former = std::exchange(members_, {});
    for (const config::VrrpInstance& configured : config.vrrp) {
        const auto known = former.find(configured.name);
        if (known == former.end() || !known->second.instance->update(settings_of(configured)))
            continue;
        known->second.configured = configured;
        members_.insert(former.extract(known));
    }
    former.clear(); // before a successor takes over what is not kept
    vrrp::Listener& listener = *this;
    for (const config::VrrpInstance& configured : config.vrrp) {
        if (members_.contains(configured.name)) continue;
        auto instance = std::make_unique<vrrp::Instance>(io_, settings_of(configured), listener);
        members_.emplace(configured.name, Member{configured, std::move(instance)});
    }
    reconcile_scripts();
    judge();
}

void VirtualRouters::reconcile_scripts() {
    auto former = std::exchange(scripts_, {});
    for (const auto& [name, member] : members_)
        for (const config::VrrpTrack& track : member.configured.track) {
            if (track.kind != config::VrrpTrack::Kind::script) continue;
            const ScriptKey key = key_of(track);
            if (const auto known = former.find(key); known != former.end())
                scripts_.insert(former.extract(known));
            else if (!scripts_.contains(key))
                scripts_.emplace(key, std::make_unique<Script>(io_, track, [this] { judge(); }));
        }
}

void VirtualRouters::judge(const Conditions& conditions) {
    conditions_ = conditions;
    judge();
}

void VirtualRouters::judge() {
    if (stopped_) return;
    conditions_.script = [this](const config::VrrpTrack& track) {
        return scripts_.at(key_of(track))->failure();
    };
    std::map<std::string, Judgement> judgements;
    std::map<std::string, std::string> faults; // of a member of each group
    for (const auto& [name, member] : members_) {
        const Judgement& judgement = judgements[name] =
            control::judge(member.configured, conditions_);
        if (!judgement.fault.empty() && !member.configured.group.empty())
            faults.emplace(member.configured.group, name + ": " + judgement.fault);
    }
    for (auto& [name, member] : members_) {
        Judgement& judgement = judgements[name];
        const auto fault = faults.find(member.configured.group);
        if (judgement.fault.empty() && fault != faults.end()) judgement.fault = fault->second;
        apply(member, judgement);
    }
}

void VirtualRouters::apply(Member& member, const Judgement& judgement) {
    const Judgement before = std::exchange(member.judgement, judgement);
    const std::string& name = member.configured.name;
    if (judgement.fault != before.fault)
        log(judgement.fault.empty() ? LogLevel::notice : LogLevel::warning,
            name + (judgement.fault.empty() ? ": ready" : ": not ready: " + judgement.fault));
    if (judgement.priority != before.priority && before.priority != 0)
        log(LogLevel::notice,
            name + ": priority " + std::to_string(judgement.priority) +
                (judgement.failed.empty() ? "" : ", as " + judgement.failed.front()));
    member.instance->set_priority(judgement.priority);
    if (judgement.fault.empty() != before.fault.empty())
        member.instance->set_ready(judgement.fault.empty());
}

std::vector<const VirtualRouters::Member*> VirtualRouters::others_of_group(
    const std::string& name) const {
    std::vector<const Member*> others;
    const auto own = members_.find(name);
    if (own == members_.end() || own->second.configured.group.empty()) return others;
    for (const auto& [other, member] : members_)
        if (other != name && member.configured.group == own->second.configured.group)
            others.push_back(&member);
    return others;
}

bool VirtualRouters::group_agrees(const vrrp::Settings& settings) const {
    const auto others = others_of_group(settings.name);
    return std::all_of(others.begin(), others.end(),
                       [](const Member* other) { return other->instance->wants_mastership(); });
}

void VirtualRouters::follow(const std::string& name, vrrp::RouterState from, vrrp::RouterState to) {
    for (const Member* other : others_of_group(name)) {
        if (to == vrrp::RouterState::master) other->instance->take_over();
        if (from == vrrp::RouterState::master && to == vrrp::RouterState::backup)
            other->instance->give_up();
    }
}

bool VirtualRouters::resign(const std::string& name) {
    const auto found = members_.find(name);
    if (found == members_.end() ||
        found->second.instance->status().state != vrrp::RouterState::master)
        return false;
    found->second.instance->resign();
    for (const Member* other : others_of_group(name)) other->instance->resign();
    return true;
}

bool VirtualRouters::resign() {
    bool any = false;
    for (const auto& [name, member] : members_) any |= resign(name);
    return any;
}

bool VirtualRouters::lingers() const {
    return std::any_of(members_.begin(), members_.end(),
                       [](const auto& known) { return known.second.instance->lingers(); });
}

std::chrono::milliseconds VirtualRouters::shortest_interval() const {
    std::chrono::milliseconds shortest{1000};
    for (const auto& [name, member] : members_)
        shortest = std::min(shortest, member.configured.interval);
    return shortest;
}

// Of a backup that hears priority 0: its skew time (RFC 9568 6.1), at most one interval; of
// version 2, a second.
std::chrono::milliseconds VirtualRouters::longest_wait() const {
    std::chrono::milliseconds longest{0};
    for (const auto& [name, member] : members_)
        if (member.instance->lingers())
            longest =
                std::max(longest, member.configured.version == 2 ? std::chrono::milliseconds(1000)
                                                                 : member.configured.interval);
    return longest;
}

void VirtualRouters::leave() {
    leaving_ = true;
    resign();
}

void VirtualRouters::stop() {
    if (std::exchange(stopped_, true)) return;
    for (const auto& [name, member] : members_) {
        // One in fault does not change its state by it, but stops as well (keepalived:
        // notify_stop).
        if (member.instance->status().state == vrrp::RouterState::initialize)
            tell(member.instance->settings(), vrrp::RouterState::initialize, "stopped");
        member.instance->stop();
    }
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

void VirtualRouters::take_mac(const vrrp::Settings& settings, bool taken) {
    ports_.take_mac(settings.interface, {*settings.virtual_mac}, taken);
}

void VirtualRouters::changed(const vrrp::Settings& settings, vrrp::RouterState from,
                             vrrp::RouterState to, std::string_view reason) {
    log(LogLevel::notice, settings.name + ": " + std::string(name_of(from)) + " -> " +
                              std::string(name_of(to)) + " (" + std::string(reason) + ")");
    tell(settings, to, reason);
    // Later, as this is in the middle of what an instance does.
    boost::asio::post(io_,
                      [this, alive = std::weak_ptr<int>(life_), name = settings.name, from, to] {
                          if (!alive.expired()) follow(name, from, to);
                      });
}

void VirtualRouters::tell(const vrrp::Settings& settings, vrrp::RouterState to,
                          std::string_view reason) const {
    using config::Occasion;
    const auto member = members_.find(settings.name);
    const bool gone = stopped_ || member == members_.end();
    const unsigned priority =
        member == members_.end() ? settings.priority : member->second.instance->priority();
    if (to == vrrp::RouterState::initialize)
        told_(gone ? Occasion::stop : Occasion::fault, settings.name, priority,
              gone ? reason : member->second.judgement.fault);
    else if (!leaving_)
        told_(to == vrrp::RouterState::master ? Occasion::master : Occasion::backup, settings.name,
              priority, reason);
}

void VirtualRouters::rejected(const vrrp::Settings& settings, const vrrp::Address& source,
                              vrrp::Reject reason) {
    log(LogLevel::warning,
        settings.name + ": advertisement from " + source.to_string() +
            " rejected: " + std::string(vrrp::reject_names[static_cast<std::size_t>(reason)]));
}

void VirtualRouters::rivalled(const vrrp::Settings& settings, const vrrp::Address& source,
                              std::uint8_t priority) {
    log(LogLevel::warning, settings.name + ": " + source.to_string() +
                               " is master, too, with priority " + std::to_string(priority) +
                               "; told again who is, and where the addresses are");
}

json::object VirtualRouters::status() const {
    json::array instances;
    for (const auto& [name, member] : members_)
        instances.push_back(instance_status(member.configured, *member.instance, member.judgement));
    json::object data;
    data["instances"] = std::move(instances);
    return data;
}

} // namespace lbd::control
