// SPDX-License-Identifier: BSD-3-Clause
// A packet's day, top to bottom: receive, parse, decide, send.
#include "lb/dataplane/worker.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_ip.h>
#include <rte_prefetch.h>

#include <algorithm>

#include "lb/dataplane/parse_plain.h"
#include "lb/dataplane/ring_sizes.h"
#include "lb/dataplane/vlan.h"

namespace lbd::dataplane {

namespace {

constexpr std::uint8_t no_interface = 0xff;

// How many packets before its own turn a packet's frame, or what else its flow needs, is asked for.
constexpr std::uint16_t frames_ahead = 4;
constexpr std::uint16_t flows_ahead = 8;

Shared shared_of(const WorkerSetup& setup, Scheduler& scheduler, ClientLimiter& limiter,
                 Releases& releases, Journal& journal) {
    return {setup.worker, setup.workers, setup.owner_secret, *setup.counters,
            scheduler,    limiter,       releases,           journal};
}

} // namespace

Worker::Worker(const WorkerSetup& setup)
    : setup_(setup),
      counters_(*setup.counters),
      scheduler_(setup.worker, counters_, setup.others),
      limiter_(setup.limits, setup.worker),
      journal_(setup.sync),
      dispatcher4_(setup.memory4, setup.flow_secret,
                   shared_of(setup, scheduler_, limiter_, releases_, journal_)),
      dispatcher6_(setup.memory6, setup.flow_secret,
                   shared_of(setup, scheduler_, limiter_, releases_, journal_)),
      fragments_(setup.fragments, most_held_fragments, setup.flow_secret),
      egress_(setup.ports, setup.interfaces, setup.worker, counters_),
      flow_capacity_(dispatcher4_.flows().capacity()),
      flow_capacity6_(dispatcher6_.flows().capacity()),
      clock_(setup.clock),
      interface_of_(setup.ports.size()) {
    for (auto& interfaces : interface_of_) interfaces.fill(no_interface);
    for (std::size_t index = 0; index < setup.interfaces.size(); ++index) {
        const Interface& interface = setup.interfaces[index];
        interface_of_[interface.port_index][interface.vlan] = static_cast<std::uint8_t>(index);
    }
}

void Worker::run(const std::atomic<bool>& stop) {
    setup_.publication->enter(setup_.worker);
    std::uint64_t last = rte_rdtsc();
    while (!stop.load(std::memory_order_relaxed)) {
        const unsigned work = turn(last);
        const std::uint64_t now = rte_rdtsc();
        counters_.polls.add(1);
        counters_.cycles.add(now - last);
        if (work != 0) counters_.busy_cycles.add(now - last);
        last = now;
        if (setup_.sleep_when_idle) rest(work);
    }
    setup_.publication->leave(setup_.worker);
}

unsigned Worker::turn(std::uint64_t cycles) {
    traces_ = setup_.publication->traces();
    keep_time(cycles);
    const ForwardingTable& table = setup_.publication->current();
    const unsigned work = round(table);
    keep_house(table);
    setup_.publication->quiescent(setup_.worker);
    return work;
}

unsigned Worker::round(const ForwardingTable& table) {
    unsigned work = 0;
    for (std::size_t port = 0; port < setup_.ports.size(); ++port)
        work += receive(static_cast<std::uint16_t>(port), table);
    work += take_from_host();
    work += take_handoffs(table);
    egress_.flush();
    return work;
}

unsigned Worker::receive(std::uint16_t port, const ForwardingTable& table) {
    std::array<rte_mbuf*, max_burst> packets;
    const std::uint16_t count =
        rte_eth_rx_burst(setup_.ports[port]->id(), setup_.worker, packets.data(), max_burst);
    if (count == 0) return 0;
    counters_.received.add(count);

    std::array<Work, max_burst> burst;
    parse_burst(packets.data(), count, port, burst);
    if (traces_ != nullptr) [[unlikely]]
        return receive_traced(burst, count, port, table);
    const InterfaceOfVlan& interface_of = interface_of_[port];
    for (std::uint16_t i = 0; i < std::min(count, flows_ahead); ++i)
        prepare_further(burst[i], table);
    for (std::uint16_t i = 0; i < count; ++i) {
        if (i + flows_ahead < count) prepare_further(burst[i + flows_ahead], table);
        if (!forward_steady(burst[i], interface_of, table)) handle(burst[i], port, table);
    }
    return count;
}

// Starts the loads of the flow table's lines for the whole burst before the first is needed.
void Worker::parse_burst(rte_mbuf** packets, std::uint16_t count, std::uint16_t port,
                         std::array<Work, max_burst>& burst) {
    const OwnMacs& own = setup_.ports[port]->macs();
    for (std::uint16_t i = 0; i < std::min(count, frames_ahead); ++i)
        rte_prefetch0(rte_pktmbuf_mtod(packets[i], void*));
    for (std::uint16_t i = 0; i < count; ++i) {
        if (i + frames_ahead < count)
            rte_prefetch0(rte_pktmbuf_mtod(packets[i + frames_ahead], void*));
        burst[i].packet = packets[i];
        if (!parse_plain(*packets[i], own, burst[i].parsed))
            parse(*packets[i], own, burst[i].parsed);
        prepare(burst[i]);
    }
}

// The short way for nearly all packets: handle() would do the same with them.
inline bool Worker::forward_steady(Work& work, const InterfaceOfVlan& interface_of,
                                   const ForwardingTable& table) {
    if (work.parsed.kind != PacketClass::flow || work.parsed.first_fragment) return false;
    work.interface = interface_of[work.parsed.vlan];
    if (work.interface == no_interface || owner_of(work) != setup_.worker) return false;
    const BackendSlot backend = with_family(work.parsed, [&](auto& dispatcher, const auto&) {
        return dispatcher.follow_steady(table, work.parsed, work.line, work.packet->pkt_len,
                                        clock_.now());
    });
    if (backend == no_backend) return false;
    egress_.forward(work.packet, work.parsed, table.backend(backend), work.interface, work.hash);
    return true;
}

void Worker::handle(Work& work, std::uint16_t port, const ForwardingTable& table) {
    work.home = no_home;
    if (work.parsed.kind == PacketClass::malformed) return drop(work.packet, work.parsed.reason);
    work.interface = interface_of_[port][work.parsed.vlan];
    if (work.interface == no_interface) return drop(work.packet, DropReason::unknown_vlan);
    switch (work.parsed.kind) {
        case PacketClass::flow:
            if (work.parsed.first_fragment) return handle_fragment(work, table);
            break;
        case PacketClass::fragment:
            return handle_fragment(work, table);
        case PacketClass::icmp_error:
            break;
        case PacketClass::host:
        case PacketClass::malformed:
            return punt(work);
    }
    const std::uint16_t owner = owner_of(work);
    if (owner != setup_.worker)
        return hand_over(work.packet, owner, {Handoff::deliver, work.interface});
    carry_out(decide(work, table), work, table);
}

Verdict Worker::decide(const Work& work, const ForwardingTable& table) {
    const Tick now = clock_.now();
    const std::uint32_t bytes = work.packet->pkt_len;
    return with_family(work.parsed, [&](auto& dispatcher, const auto& key) {
        return work.parsed.kind == PacketClass::icmp_error
                   ? dispatcher.follow_error(table, key, work.hash, bytes, now)
                   : dispatcher.decide(table, work.parsed, work.hash, bytes, now);
    });
}

void Worker::carry_out(const Verdict& verdict, const Work& work, const ForwardingTable& table) {
    switch (verdict.kind) {
        case Verdict::Kind::forward:
            return egress_.forward(work.packet, work.parsed, table.backend(verdict.backend),
                                   work.interface, work.hash);
        case Verdict::Kind::punt:
            return punt(work);
        case Verdict::Kind::drop:
            return drop(work.packet, verdict.reason);
        case Verdict::Kind::reject:
            return egress_.reject(work.packet, work.parsed, work.interface, verdict.reason);
        case Verdict::Kind::ask_owner:
            return hand_over(work.packet, verdict.owner,
                             {Handoff::question, work.interface, work.home});
    }
}

// The host sees each network without its tag, on an interface of its own.
void Worker::punt(const Work& work) {
    set_tag(*work.packet, work.parsed.l3_offset, 0);
    // A full ring means that the host is slower than what it is sent: that is its loss, not ours.
    if (!egress_.interfaces()[work.interface].to_host->push(work.packet))
        return drop(work.packet, DropReason::punt_full);
    counters_.punted.add(1);
}

std::uint16_t Worker::steered_to(const Work& work) const {
    const Steering& steering = egress_.interfaces()[work.interface].port->steering();
    // What the NIC has put here by the flow's own addresses and ports is here by right. Not all
    // look for the ports behind IPv6 extension headers.
    const bool ports_in_sight =
        !work.parsed.ipv6 ||
        work.parsed.l4_offset == work.parsed.l3_offset + std::uint16_t{sizeof(rte_ipv6_hdr)};
    if (steering.by_nic() && work.parsed.kind == PacketClass::flow && !work.parsed.first_fragment &&
        ports_in_sight)
        return setup_.worker;
    return work.parsed.ipv6 ? steering.owner(work.parsed.v6) : steering.owner(work.parsed.v4);
}

} // namespace lbd::dataplane
