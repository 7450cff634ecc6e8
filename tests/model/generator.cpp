// SPDX-License-Identifier: BSD-3-Clause
#include "tests/model/generator.h"

#include <netinet/in.h>
#include <rte_tcp.h>

#include <array>

#include "tests/model/frames.h"

namespace lbd::model {

using namespace dataplane;

namespace {

constexpr std::size_t services_of_family = 4;
constexpr std::size_t backends_of_service = 4;
constexpr Tick second = ticks_per_second;

} // namespace

// Of each family: TCP and UDP on port 80 and TCP on all other ports of one address, TCP on port 80
// of another.
ServiceEntry Generator::service(std::size_t number) {
    const std::size_t kind = number % services_of_family;
    ServiceEntry service;
    service.ipv6 = number >= services_of_family;
    const std::uint32_t vip = first_vip + (kind == 3 ? 1 : 0);
    service.vip = service.ipv6 ? test::Scene<KeyV6>::address(vip)
                               : ForwardingTable::widened(test::Scene<KeyV4>::address(vip));
    service.protocol = kind == 1 ? IPPROTO_UDP : IPPROTO_TCP;
    service.port = kind == 2 ? rte_be16_t{0} : test::be(80);
    service.timeouts = test::ipvs_timeouts();
    for (int i = 0; i < 4; ++i) change(service);
    return service;
}

void Generator::change(ServiceEntry& service) {
    const unsigned whole = service.ipv6 ? 128 : 32;
    switch (any(8)) {
        case 0:
            service.on_no_backend = static_cast<NoBackendPolicy>(any(2));
            break;
        case 1:
            service.on_unknown_tcp = static_cast<UnknownTcpPolicy>(any(4));
            break;
        case 2:
            service.discipline = static_cast<Discipline>(any(4));
            service.hashed = static_cast<Hashed>(any(4));
            break;
        case 3:
            service.persistence =
                std::array<Tick, 4>{0, 50 * second, 360 * second, 86'400 * second}[any(4)];
            service.client_prefix = static_cast<std::uint8_t>(whole - 8 * any(2));
            break;
        case 4:
            service.limit = std::array<std::uint32_t, 4>{0, 0, 1, 3}[any(4)];
            service.limit_prefix = static_cast<std::uint8_t>(whole - 8 * any(2));
            break;
        case 5:
            service.decrement_ttl = once_in(2);
            break;
        default:
            service.timeouts.of[1 + any(6)] =
                std::array<Tick, 4>{second, 10 * second, 900 * second, 604'800 * second}[any(4)];
    }
}

BackendEntry Generator::backend(std::size_t number, ServiceSlot service) {
    BackendEntry backend;
    backend.service = service;
    backend.mac = {
        {0x0a, 0, 0, 0, static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)}};
    backend.fate = FlowFate::forward;
    backend.keeps_persistence = true;
    backend.weight = static_cast<std::uint16_t>(1 + any(3));
    if (number % backends_of_service == 3) {
        backend.tunnel.kind = once_in(2) ? Forwarding::ipip : Forwarding::gue;
        backend.tunnel.ipv6 = once_in(2);
        backend.tunnel.gue_port = test::be(6080);
        backend.tunnel.local = {10, 0, 0, 1};
        backend.tunnel.remote = {10, 0, 0, 2};
    }
    return backend;
}

void Generator::change(BackendEntry& backend) {
    switch (any(4)) {
        case 0: // it goes down, or comes back
        case 3:
            backend.fate = once_in(3) ? FlowFate::forward : static_cast<FlowFate>(any(4));
            backend.keeps_persistence = backend.fate == FlowFate::forward;
            break;
        case 1: // drained if 0
            backend.weight = static_cast<std::uint16_t>(any(4));
            backend.keeps_persistence =
                backend.fate == FlowFate::forward && (backend.weight != 0 || once_in(2));
            break;
        default:
            backend.upper_threshold = std::array<std::uint32_t, 4>{0, 0, 1, 4}[any(4)];
            backend.lower_threshold = backend.upper_threshold == 4 ? any(4) : 0;
    }
}

void Generator::put_in_rotation(Setting& setting, ServiceSlot slot) {
    std::vector<BackendSlot>& members = setting.services[slot].members;
    members.clear();
    for (std::size_t i = 0; i < setting.backends.size(); ++i) {
        const BackendEntry& backend = setting.backends[i];
        if (backend.service == slot && backend.fate == FlowFate::forward && backend.weight != 0)
            members.push_back(static_cast<BackendSlot>(i));
    }
}

Setting Generator::setting() {
    Setting setting;
    for (std::size_t number = 0; number < 2 * services_of_family; ++number) {
        const auto slot = static_cast<ServiceSlot>(number);
        setting.services.push_back(service(number));
        setting.live.push_back(slot);
        for (std::size_t i = 0; i < backends_of_service; ++i)
            setting.backends.push_back(backend(setting.backends.size(), slot));
        put_in_rotation(setting, slot);
    }
    return setting;
}

void Generator::change(Setting& setting) {
    for (std::uint32_t changes = 1 + any(4); changes != 0; --changes) {
        const std::uint32_t number = any(static_cast<std::uint32_t>(setting.backends.size()));
        change(setting.backends[number]);
        if (once_in(2)) change(setting.services[any(2 * services_of_family)]);
    }
    setting.live.clear();
    for (ServiceSlot slot = 0; slot < setting.services.size(); ++slot) {
        put_in_rotation(setting, slot);
        if (!once_in(10)) setting.live.push_back(slot);
    }
}

Packet Generator::packet() {
    constexpr std::array<unsigned, 12> flags{RTE_TCP_SYN_FLAG,
                                             RTE_TCP_SYN_FLAG,
                                             RTE_TCP_SYN_FLAG,
                                             RTE_TCP_ACK_FLAG,
                                             RTE_TCP_ACK_FLAG,
                                             RTE_TCP_ACK_FLAG | RTE_TCP_PSH_FLAG,
                                             RTE_TCP_FIN_FLAG | RTE_TCP_ACK_FLAG,
                                             RTE_TCP_RST_FLAG,
                                             RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG,
                                             RTE_TCP_SYN_FLAG | RTE_TCP_FIN_FLAG,
                                             RTE_TCP_FIN_FLAG,
                                             0};
    Packet packet;
    packet.ipv6 = once_in(2);
    packet.protocol = once_in(4) ? IPPROTO_UDP : IPPROTO_TCP;
    if (packet.protocol == IPPROTO_TCP)
        packet.tcp_flags = static_cast<std::uint8_t>(flags[any(flags.size())]);
    packet.vip = first_vip + (once_in(4) ? 1 : 0);
    packet.client = any(crowd_) + 250; // of two networks
    if (once_in(100)) packet.client = packet.vip;
    packet.client_port = static_cast<std::uint16_t>(1000 + any(crowd_ > 30 ? 3 : 1));
    packet.vip_port = static_cast<std::uint16_t>(once_in(8) ? 81 : 80);
    packet.ttl = once_in(8) ? 1 : 64;
    packet.fragment_id = static_cast<std::uint16_t>(any(4));
    if (once_in(unusual_)) packet.kind = static_cast<PacketKind>(once_in(2) ? 1 + any(2) : any(7));
    const bool ipv4_only = packet.kind == PacketKind::first_fragment ||
                           packet.kind == PacketKind::later_fragment ||
                           packet.kind == PacketKind::bad_checksum;
    if (ipv4_only) packet.ipv6 = false;
    if (packet.kind == PacketKind::icmp_error) {
        packet.tcp_flags = 0;
        packet.ttl = 64;
    }
    return packet;
}

// Often what a timeout is, or a tick less or more.
Time Generator::time(const Setting& setting) {
    const ServiceEntry& service =
        setting.services[any(static_cast<std::uint32_t>(setting.services.size()))];
    if (hurried_ && !once_in(16)) return 1 + any(4);
    switch (any(8)) {
        case 0:
        case 1:
            return 1 + any(12);
        case 2:
            return 1 + any(30 * second);
        case 3:
        case 4: {
            const Time timeout = service.timeouts.of[1 + any(6)];
            return timeout > 604'000 * second && !once_in(8) ? 5 : timeout - 1 + any(3);
        }
        case 5:
            return service.persistence == 0 || service.persistence > 86'000 * second
                       ? 50 * second
                       : service.persistence - 1 + any(3);
        case 6: // the limiter's cells come again, nearly
            return once_in(8) ? 39 * 16384 + (65'536 - 39 * 1639) * second - 5 + any(10) : 1;
        default:
            return once_in(8) ? any(2 * 86'400 * second) + 1 : second;
    }
}

} // namespace lbd::model
