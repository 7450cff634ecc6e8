// SPDX-License-Identifier: BSD-3-Clause
#include "vrrp/instance.h"

#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/udp.hpp>
#include <cerrno>
#include <system_error>
#include <utility>

namespace lbd::vrrp {

namespace asio = boost::asio;

namespace {

constexpr std::size_t ip_header_size = 20;

sockaddr_in socket_address(const Address& address) {
    sockaddr_in result{};
    result.sin_family = AF_INET;
    result.sin_addr.s_addr = htonl(address.to_uint());
    return result;
}

template <typename Value>
void set_option(int socket, int level, int option, const Value& value, const char* what) {
    if (setsockopt(socket, level, option, &value, sizeof(value)) != 0)
        throw std::system_error(errno, std::system_category(), what);
}

} // namespace

Instance::Instance(asio::io_context& io, Settings settings, Listener& listener)
    : settings_(std::move(settings)),
      listener_(listener),
      receiver_(io, asio::generic::raw_protocol(AF_INET, ip_protocol)),
      sender_(io, asio::generic::raw_protocol(AF_INET, ip_protocol)),
      announcer_(settings_.interface),
      timer_(io),
      announcement_timer_(io) {
    open_sockets();
    status_.since = std::chrono::steady_clock::now();
    receive();
}

Instance::~Instance() {
    try {
        stop();
    } catch (...) { // a listener's; there is nobody left to tell
    }
}

// Two sockets: one bound to the own address, so that a virtual address never becomes the source;
// and one that is not, as a bound socket would not hear the group.
void Instance::open_sockets() {
    ip_mreqn group{};
    group.imr_multiaddr.s_addr = htonl(multicast_group.to_uint());
    group.imr_ifindex = static_cast<int>(if_nametoindex(settings_.interface.c_str()));
    const int receiver = receiver_.native_handle();
    if (setsockopt(receiver, SOL_SOCKET, SO_BINDTODEVICE, settings_.interface.c_str(),
                   static_cast<socklen_t>(settings_.interface.size() + 1)) != 0)
        throw std::system_error(errno, std::system_category(), "VRRP on " + settings_.interface);
    set_option(receiver, IPPROTO_IP, IP_ADD_MEMBERSHIP, group, "join 224.0.0.18");
    receiver_.non_blocking(true);

    const int sender = sender_.native_handle();
    const sockaddr_in source = socket_address(settings_.source);
    if (bind(sender, reinterpret_cast<const sockaddr*>(&source), sizeof(source)) != 0)
        throw std::system_error(errno, std::system_category(),
                                "VRRP source " + settings_.source.to_string());
    set_option(sender, IPPROTO_IP, IP_MULTICAST_IF, group, "multicast interface");
    set_option(sender, IPPROTO_IP, IP_MULTICAST_TTL, 255, "TTL");
    set_option(sender, IPPROTO_IP, IP_MULTICAST_LOOP, 0, "multicast loop");
    set_option(sender, IPPROTO_IP, IP_TOS, 0xc0, "TOS"); // internetwork control, as keepalived
    // It only sends; a byte of room keeps the kernel from queueing for it what nobody reads.
    set_option(sender, SOL_SOCKET, SO_RCVBUF, 1, "receive buffer");
    sender_.non_blocking(true);
}

Parameters Instance::parameters() const {
    return {settings_.version,         settings_.priority,      settings_.interval,
            settings_.preempt,         settings_.preempt_delay, settings_.start_as_master,
            settings_.source.to_uint()};
}

std::vector<Address> Instance::advertised_addresses() const {
    std::vector<Address> advertised;
    for (const VirtualAddress& address : settings_.addresses)
        if (address.address.is_v4()) advertised.push_back(address.address.to_v4());
    return advertised;
}

void Instance::set_ready(bool ready) {
    if (ready)
        handle(Ready{});
    else
        handle(NotReady{});
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
        settings.name != settings_.name)
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
    if (machine_.state != RouterState::master && !machine_.lingering) return true;
    if (!removed.empty()) listener_.release(settings_, removed);
    if (added.empty()) return true;
    listener_.acquire(settings_, added);
    announce();
    return true;
}

void Instance::receive() {
    receiver_.async_receive(asio::buffer(buffer_),
                            [this, alive = std::weak_ptr<int>(life_)](
                                const boost::system::error_code& error, std::size_t length) {
                                if (error == asio::error::operation_aborted || alive.expired())
                                    return;
                                if (!error) handle_packet(std::span(buffer_).first(length));
                                receive();
                            });
}

// A raw socket delivers the IP header, too.
void Instance::handle_packet(std::span<const std::uint8_t> packet) {
    if (packet.size() < ip_header_size) return;
    const std::size_t header = (packet[0] & 0x0fu) * 4u;
    if (header < ip_header_size || packet.size() < header) return;
    const auto address_at = [&](std::size_t offset) {
        return Address(Address::bytes_type{packet[offset], packet[offset + 1], packet[offset + 2],
                                           packet[offset + 3]});
    };
    const Envelope envelope{address_at(12), address_at(16), packet[8]};
    const Expectation expected{settings_.version, settings_.vrid, settings_.interval,
                               settings_.password, settings_.source};
    const auto parsed = parse(packet.subspan(header), envelope, expected);
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
    handle(AdvertReceived{advertisement.priority, source.to_uint(), advertisement.interval});
    if (machine_.state == RouterState::backup && advertisement.priority != 0)
        status_.master = source;
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
    const auto message = serialize(advertisement, settings_.source, multicast_group);
    const sockaddr_in to = socket_address(multicast_group);
    // A lost advert is repaired by the next one; waiting for the socket would delay them all.
    const auto sent = sendto(sender_.native_handle(), message.data(), message.size(), MSG_DONTWAIT,
                             reinterpret_cast<const sockaddr*>(&to), sizeof(to));
    ++(sent < 0 ? status_.send_errors : status_.adverts_sent);
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
