// SPDX-License-Identifier: BSD-3-Clause
#include "vrrp/instance.h"

#include <algorithm>
#include <utility>

namespace lbd::vrrp {

namespace asio = boost::asio;

Instance::Instance(asio::io_context& io, Settings settings, Listener& listener)
    : settings_(std::move(settings)),
      priority_(settings_.priority),
      listener_(listener),
      transport_(
          io, settings_.interface, settings_.source, settings_.peers.empty(),
          [this](const auto& message, const auto& envelope) { handle_packet(message, envelope); }),
      announcer_(settings_.interface, settings_.virtual_mac),
      timer_(io),
      announcement_timer_(io) {
    status_.since = std::chrono::steady_clock::now();
}

Instance::~Instance() {
    try {
        stop();
    } catch (...) { // a listener's; there is nobody left to tell
    }
}

Parameters Instance::parameters() const {
    return {settings_.version,       priority_,
            settings_.interval,      settings_.preempt,
            settings_.preempt_delay, settings_.start_as_master,
            settings_.source,        !listener_.group_agrees(settings_)};
}

std::vector<Address> Instance::advertised_addresses() const {
    std::vector<Address> advertised;
    for (const VirtualAddress& address : settings_.addresses)
        if (address.address.is_v4() == settings_.source.is_v4())
            advertised.push_back(address.address);
    return advertised;
}

void Instance::set_ready(bool ready) {
    if (ready)
        handle(Ready{});
    else
        handle(NotReady{});
}

void Instance::set_priority(std::uint8_t priority) {
    priority_ = priority;
}

void Instance::take_over() {
    handle(TakeOver{});
}

void Instance::give_up() {
    handle(GiveUp{});
}

bool Instance::wants_mastership() const {
    return machine_.state == RouterState::master || machine_.wants;
}

void Instance::resign() {
    handle(Resign{});
}

void Instance::stop() {
    handle(NotReady{}, "stopped");
    timer_.cancel();
    announcement_timer_.cancel();
}

bool Instance::update(const Settings& settings) {
    if (settings.interface != settings_.interface || settings.vrid != settings_.vrid ||
        settings.version != settings_.version || settings.source != settings_.source ||
        settings.virtual_mac != settings_.virtual_mac ||
        settings.peers.empty() != settings_.peers.empty() || settings.name != settings_.name)
        return false;
    const auto missing_in = [](const auto& all, const auto& from) {
        std::vector<VirtualAddress> missing;
        for (const VirtualAddress& address : all)
            if (std::find(from.begin(), from.end(), address) == from.end())
                missing.push_back(address);
        return missing;
    };
    const auto added = missing_in(settings.addresses, settings_.addresses);
    const auto removed = missing_in(settings_.addresses, settings.addresses);
    settings_ = settings;
    priority_ = settings.priority;
    if (machine_.state != RouterState::master && !machine_.lingering) return true;
    if (!removed.empty()) listener_.release(settings_, removed);
    if (added.empty()) return true;
    listener_.acquire(settings_, added);
    announce();
    return true;
}

void Instance::handle_packet(std::span<const std::uint8_t> message, const Envelope& envelope) {
    const Expectation expected{settings_.version,  settings_.vrid,   settings_.interval,
                               settings_.password, settings_.source, settings_.peers,
                               settings_.least_ttl};
    const auto parsed = parse(message, envelope, expected);
    if (const auto* advertisement = std::get_if<Advertisement>(&parsed))
        handle_advertisement(*advertisement, envelope.source);
    else if (const auto* reason = std::get_if<Reject>(&parsed))
        reject(*reason, envelope.source);
}

void Instance::handle_advertisement(const Advertisement& advertisement, const Address& source) {
    ++status_.adverts_received;
    std::vector<Address> own = advertised_addresses();
    std::vector<Address> theirs = advertisement.addresses;
    std::sort(own.begin(), own.end());
    std::sort(theirs.begin(), theirs.end());
    status_.address_list_differs = own != theirs;
    const bool was_master = machine_.state == RouterState::master;
    handle(AdvertReceived{advertisement.priority, source, advertisement.interval});
    if (was_master && advertisement.priority != 0) note_rival(advertisement, source);
    if (machine_.state == RouterState::backup && advertisement.priority != 0)
        status_.master = source;
}

void Instance::note_rival(const Advertisement& advertisement, const Address& source) {
    constexpr std::chrono::seconds silence{10};
    const Time now = std::chrono::steady_clock::now();
    const bool known = status_.rival == source && now - status_.rival_heard < silence;
    ++status_.rival_adverts;
    status_.rival = source;
    status_.rival_heard = now;
    if (!known && machine_.state == RouterState::master)
        listener_.rivalled(settings_, source, advertisement.priority);
}

void Instance::reject(Reject reason, const Address& source) {
    const auto index = static_cast<std::size_t>(reason);
    ++status_.rejected[index];
    if (std::exchange(told_[index], true) || reason == Reject::own) return;
    listener_.rejected(settings_, source, reason);
}

void Instance::handle(const Event& event, std::string_view reason) {
    const Time now = std::chrono::steady_clock::now();
    const RouterState before = machine_.state;
    const Step result = step(machine_, parameters(), event, now);
    machine_ = result.machine;
    if (result.advertise) send_advertisement(result.advertised_priority);
    if (result.release) {
        announcement_timer_.cancel();
        listener_.release(settings_, settings_.addresses);
    }
    if (settings_.virtual_mac && (result.release || result.acquire))
        listener_.take_mac(settings_, result.acquire);
    if (result.acquire) listener_.acquire(settings_, settings_.addresses);
    if (result.announce) announce();
    if (machine_.state != before) {
        status_.state = machine_.state;
        status_.since = now;
        status_.reason = reason.empty() ? result.reason : reason;
        ++status_.transitions;
        told_ = {};
        if (machine_.state == RouterState::master) status_.master = settings_.source;
        listener_.changed(settings_, before, machine_.state, status_.reason);
    }
    arm_timer();
}

void Instance::arm_timer() {
    if (machine_.state == RouterState::initialize) {
        timer_.cancel();
        return;
    }
    timer_.expires_at(machine_.deadline);
    timer_.async_wait(
        [this, alive = std::weak_ptr<int>(life_)](const boost::system::error_code& error) {
            if (!error && !alive.expired()) handle(TimerExpired{});
        });
}

void Instance::send_advertisement(std::uint8_t priority) {
    Advertisement advertisement;
    advertisement.version = settings_.version;
    advertisement.vrid = settings_.vrid;
    advertisement.priority = priority;
    advertisement.interval = settings_.interval;
    advertisement.password = settings_.password;
    advertisement.addresses = advertised_addresses();
    for (const Address& destination : destinations()) {
        const auto message = serialize(advertisement, settings_.source, destination);
        ++(transport_.send(message, destination) ? status_.send_errors : status_.adverts_sent);
    }
}

std::vector<Address> Instance::destinations() const {
    if (!settings_.peers.empty()) return settings_.peers;
    return {settings_.source.is_v4() ? multicast_group_v4 : multicast_group_v6};
}

// At once, again after garp_delay, then every garp_refresh.
void Instance::announce() {
    announce_once();
    arm_announcement(settings_.garp_delay, false);
}

void Instance::announce_once() {
    for (unsigned i = 0; i < settings_.garp_repeat; ++i)
        for (const VirtualAddress& address : settings_.addresses)
            if (announcer_.announce(address.address)) ++status_.send_errors;
}

void Instance::arm_announcement(std::chrono::seconds delay, bool refresh) {
    announcement_timer_.cancel();
    if (delay == std::chrono::seconds{0}) {
        if (!refresh && settings_.garp_refresh != std::chrono::seconds{0})
            arm_announcement(settings_.garp_refresh, true);
        return;
    }
    announcement_timer_.expires_after(delay);
    announcement_timer_.async_wait(
        [this, alive = std::weak_ptr<int>(life_)](const boost::system::error_code& error) {
            if (error || alive.expired() || machine_.state != RouterState::master) return;
            announce_once();
            arm_announcement(settings_.garp_refresh, true);
        });
}

} // namespace lbd::vrrp
