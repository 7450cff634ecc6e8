// SPDX-License-Identifier: BSD-3-Clause
// A service with two backends, and one worker that dispatches to them.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "lb/dataplane/dispatcher.h"
#include "lb/dataplane/maglev.h"
#include "packets.h"

namespace lbd::dataplane::test {

constexpr Tick second = ticks_per_second;

inline ServiceTimeouts ipvs_timeouts() {
    ServiceTimeouts timeouts;
    timeouts.of = {
        0, 60 * second, 900 * second, 120 * second, 120 * second, 10 * second, 300 * second, 0};
    return timeouts;
}

// What several workers have in common.
struct Neighbours {
    explicit Neighbours(std::size_t workers) {
        for (std::size_t i = 0; i < workers; ++i) {
            counters.push_back(std::make_unique<WorkerCounters>());
            cells.push_back(std::make_unique<ClientLimiter::Cells>());
        }
    }
    std::vector<const WorkerCounters*> others(std::size_t self) const {
        std::vector<const WorkerCounters*> result;
        for (std::size_t i = 0; i < counters.size(); ++i)
            if (i != self) result.push_back(counters[i].get());
        return result;
    }
    std::vector<ClientLimiter::Cells*> limits() const {
        std::vector<ClientLimiter::Cells*> result;
        for (const auto& part : cells) result.push_back(part.get());
        return result;
    }

    std::vector<std::unique_ptr<WorkerCounters>> counters;
    std::vector<std::unique_ptr<ClientLimiter::Cells>> cells;
};

template <class Key>
struct Scene {
    static constexpr bool ipv6 = sizeof(Key) == sizeof(KeyV6);
    using Line = typename FlowTable<Key>::Line;
    using Address = decltype(Key::client);

    explicit Scene(std::size_t flows = 1024, SyncChannel* sync = nullptr)
        : Scene(std::make_shared<Neighbours>(1), 0, flows, sync) {}
    Scene(std::shared_ptr<Neighbours> all, std::uint16_t worker, std::size_t flows = 1024,
          SyncChannel* sync = nullptr)
        : neighbours(std::move(all)),
          counters(*neighbours->counters[worker]),
          flow_lines(FlowTable<Key>::lines_for(flows)),
          binding_lines(FlowTable<Key>::lines_for(1024)),
          scheduler(worker, counters, neighbours->others(worker)),
          limiter(neighbours->limits(), worker),
          journal(sync),
          dispatcher({flow_lines, binding_lines}, {11, 13},
                     {worker,
                      static_cast<std::uint16_t>(neighbours->counters.size()),
                      {17, 19},
                      counters,
                      scheduler,
                      limiter,
                      releases,
                      journal}) {
        service.vip = wide(vip());
        service.ipv6 = ipv6;
        service.port = be(80);
        service.protocol = IPPROTO_TCP;
        service.timeouts = ipvs_timeouts();
        backends.resize(3);
        for (BackendEntry& backend : backends) {
            backend.fate = FlowFate::forward;
            backend.keeps_persistence = true;
            backend.weight = 1;
            backend.mac = {{2, 0, 0, 0, 0, 7}};
        }
        in_rotation({0, 1});
    }

    static Address address(std::uint32_t number) {
        if constexpr (ipv6) {
            Ipv6 result{0x20, 0x01, 0x0d, 0xb8};
            for (unsigned i = 0; i < 4; ++i)
                result[15 - i] = static_cast<std::uint8_t>(number >> 8 * i);
            return result;
        } else {
            return __builtin_bswap32(0xc6336400 + number); // 198.51.100.0
        }
    }
    static Address vip() { return address(1 << 20); }
    static Ipv6 wide(const Address& address) {
        if constexpr (ipv6)
            return address;
        else
            return ForwardingTable::widened(address);
    }

    void in_rotation(std::vector<BackendSlot> ring) {
        service.ring = service.members = ring;
        ++service.ring_version;
        std::vector<MaglevMember> members;
        for (const BackendSlot slot : ring) members.push_back({{slot, 1}, 100u + slot});
        service.hash_table = maglev_table(members);
        publish();
    }
    void publish() {
        ServiceEntry other = service;
        other.protocol = IPPROTO_UDP;
        table = std::make_unique<ForwardingTable>(std::vector<ServiceEntry>{service, other},
                                                  backends, std::vector<ServiceSlot>{0, 1}, 1);
    }
    static Parsed packet(std::uint32_t client, std::uint16_t port, std::uint8_t flags,
                         std::uint8_t protocol = IPPROTO_TCP, std::uint16_t vip_port = 80) {
        Parsed parsed;
        const Key key{address(client), vip(), be(port), be(vip_port), protocol, {}};
        if constexpr (ipv6)
            parsed.v6 = key;
        else
            parsed.v4 = key;
        parsed.ipv6 = ipv6;
        parsed.kind = PacketClass::flow;
        parsed.tcp_flags = flags;
        parsed.first_fragment = false;
        return parsed;
    }
    std::uint64_t hash(const Parsed& parsed) const { return dispatcher.hash(parsed.key<Key>()); }
    // As the worker does it: the short way for those whom it suits.
    Verdict send(const Parsed& parsed) {
        const BackendSlot slot =
            dispatcher.follow_steady(*table, parsed, dispatcher.prefetch(hash(parsed)), 100, now);
        if (slot != no_backend) return {Verdict::Kind::forward, DropReason::none, slot};
        return send_the_long_way(parsed);
    }
    Verdict send_the_long_way(const Parsed& parsed) {
        return dispatcher.decide(*table, parsed, hash(parsed), 100, now);
    }
    BackendSlot syn(std::uint32_t client, std::uint16_t port) {
        return send(packet(client, port, RTE_TCP_SYN_FLAG)).backend;
    }
    BackendSlot ack(std::uint32_t client, std::uint16_t port) {
        return send(packet(client, port, RTE_TCP_ACK_FLAG)).backend;
    }
    void rst(std::uint32_t client, std::uint16_t port) {
        send(packet(client, port, RTE_TCP_RST_FLAG));
    }
    FlowState state(std::uint32_t client, std::uint16_t port) {
        const Parsed parsed = packet(client, port, 0);
        const Flow<Key>* flow = dispatcher.flows().find(parsed.key<Key>(), hash(parsed));
        return flow == nullptr ? FlowState::free : flow->state;
    }
    void sweep() { dispatcher.sweep(*table, flow_lines.size() + binding_lines.size(), now); }
    std::uint64_t flows() const { return (ipv6 ? counters.flows6 : counters.flows).get(); }

    std::shared_ptr<Neighbours> neighbours;
    WorkerCounters& counters;
    std::vector<Line> flow_lines;
    std::vector<Line> binding_lines;
    Releases releases;
    Scheduler scheduler;
    ClientLimiter limiter;
    Journal journal;
    Dispatcher<Key> dispatcher;
    ServiceEntry service;
    std::vector<BackendEntry> backends;
    std::unique_ptr<ForwardingTable> table;
    Tick now = 1;
};

} // namespace lbd::dataplane::test
