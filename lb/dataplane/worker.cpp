// SPDX-License-Identifier: BSD-3-Clause
// A packet's day, top to bottom: receive, parse, decide, rewrite, send.
#include "lb/dataplane/worker.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_pause.h>
#include <rte_prefetch.h>

#include <algorithm>

#include "lb/dataplane/reject.h"

namespace lbd::dataplane {

namespace {

constexpr std::uint16_t question = 1; // which backend is this client bound to?
constexpr std::uint16_t answer = 2;

constexpr Tick ticks_per_sweep = 4 * ticks_per_second; // once over the whole table
constexpr std::size_t lines_per_round = 64;
constexpr unsigned rejections_per_tick = 1000; // answers to a flood are a flood, too
constexpr unsigned rounds_before_rest = 64;

HandoffNote& note_of(rte_mbuf* packet) {
    return *static_cast<HandoffNote*>(rte_mbuf_to_priv(packet));
}

} // namespace

Worker::Worker(const WorkerSetup& setup)
    : setup_(setup),
      dispatcher_(setup.dispatcher, counters_),
      flow_capacity_(dispatcher_.flows().capacity()),
      clock_(rte_get_tsc_hz(), rte_rdtsc()),
      transmit_(setup.ports.size()) {}

Worker::~Worker() {
    for (Batch& batch : transmit_) rte_pktmbuf_free_bulk(batch.packets.data(), batch.count);
}

void Worker::run(const std::atomic<bool>& stop) {
    const unsigned self = setup_.dispatcher.worker;
    setup_.publication->enter(self);
    std::uint64_t last = rte_rdtsc();
    while (!stop.load(std::memory_order_relaxed)) {
        keep_time(last);
        const unsigned work = round(setup_.publication->current());
        setup_.publication->quiescent(self);
        keep_house();
        const std::uint64_t now = rte_rdtsc();
        counters_.polls.add(1);
        counters_.cycles.add(now - last);
        if (work != 0) counters_.busy_cycles.add(now - last);
        last = now;
        if (setup_.sleep_when_idle) rest(work);
    }
    setup_.publication->leave(self);
}

unsigned Worker::round(const ForwardingTable& table) {
    unsigned work = 0;
    const auto ports = static_cast<std::uint16_t>(setup_.ports.size());
    for (std::uint16_t port = 0; port < ports; ++port) {
        work += receive(port, table);
        work += take_from_host(port);
    }
    work += take_handoffs(table);
    for (std::uint16_t port = 0; port < ports; ++port) flush(port);
    return work;
}

unsigned Worker::receive(std::uint16_t port, const ForwardingTable& table) {
    std::array<rte_mbuf*, max_burst> packets;
    const std::uint16_t count = rte_eth_rx_burst(
        setup_.ports[port].port->id(), setup_.dispatcher.worker, packets.data(), max_burst);
    if (count == 0) return 0;
    counters_.received.add(count);

    std::array<Work, max_burst> burst;
    parse_burst(packets.data(), count, port, burst);
    for (std::uint16_t i = 0; i < count; ++i) decide(burst[i], port, table);
    return count;
}

// Starts the loads of the flow table's lines for the whole burst before the first is needed.
void Worker::parse_burst(rte_mbuf** packets, std::uint16_t count, std::uint16_t port,
                         std::array<Work, max_burst>& work) {
    constexpr std::uint16_t ahead = 4;
    const rte_ether_addr& own = setup_.ports[port].port->mac();
    for (std::uint16_t i = 0; i < std::min(count, ahead); ++i)
        rte_prefetch0(rte_pktmbuf_mtod(packets[i], void*));
    for (std::uint16_t i = 0; i < count; ++i) {
        if (i + ahead < count) rte_prefetch0(rte_pktmbuf_mtod(packets[i + ahead], void*));
        work[i].packet = packets[i];
        work[i].parsed = parse(*packets[i], own);
        if (work[i].parsed.kind != PacketClass::flow) continue;
        work[i].hash = dispatcher_.hash(work[i].parsed.key);
        dispatcher_.prefetch(work[i].hash);
    }
}

void Worker::decide(const Work& work, std::uint16_t port, const ForwardingTable& table) {
    switch (work.parsed.kind) {
        case PacketClass::flow:
            carry_out(dispatcher_.decide(table, work.parsed, work.hash, work.packet->pkt_len,
                                         clock_.now()),
                      work, port, table);
            return;
        case PacketClass::fragment:
            if (table.is_virtual(work.parsed.key.vip))
                drop(work.packet, DropReason::fragment);
            else
                punt(work.packet, port);
            return;
        case PacketClass::host:
            punt(work.packet, port);
            return;
        case PacketClass::malformed:
            drop(work.packet, work.parsed.reason);
            return;
    }
}

void Worker::carry_out(const Verdict& verdict, const Work& work, std::uint16_t port,
                       const ForwardingTable& table) {
    switch (verdict.kind) {
        case Verdict::Kind::forward:
            rewrite_and_send(work.packet, table.backend(verdict.backend));
            return;
        case Verdict::Kind::punt:
            punt(work.packet, port);
            return;
        case Verdict::Kind::drop:
            drop(work.packet, verdict.reason);
            return;
        case Verdict::Kind::reject:
            reject(work, port, verdict.reason);
            return;
        case Verdict::Kind::ask_owner:
            hand_over(work.packet, verdict.owner, {question, port, no_backend, 0});
            return;
    }
}

// Direct Routing: the frame goes on as it came, but for the MAC addresses.
void Worker::rewrite_and_send(rte_mbuf* packet, const BackendEntry& backend) {
    auto* ethernet = rte_pktmbuf_mtod(packet, rte_ether_hdr*);
    ethernet->dst_addr = backend.mac;
    ethernet->src_addr = setup_.ports[backend.port].port->mac();
    counters_.forwarded.add(1);
    enqueue(packet, backend.port);
}

void Worker::punt(rte_mbuf* packet, std::uint16_t port) {
    // A full ring means that the host is slower than what it is sent: that is its loss, not ours.
    if (!setup_.ports[port].to_host->push(packet)) {
        drop(packet, DropReason::punt_full);
        return;
    }
    counters_.punted.add(1);
}

void Worker::reject(const Work& work, std::uint16_t port, DropReason reason) {
    counters_.drops[static_cast<std::size_t>(reason)].add(1);
    if (rejections_left_ == 0 || !turn_into_rejection(*work.packet, work.parsed)) {
        rte_pktmbuf_free(work.packet);
        return;
    }
    --rejections_left_;
    enqueue(work.packet, port);
}

void Worker::drop(rte_mbuf* packet, DropReason reason) {
    counters_.drops[static_cast<std::size_t>(reason)].add(1);
    rte_pktmbuf_free(packet);
}

void Worker::enqueue(rte_mbuf* packet, std::uint16_t port) {
    Batch& batch = transmit_[port];
    if (batch.count == batch.packets.size()) flush(port);
    batch.packets[batch.count++] = packet;
}

// What the NIC does not take now is dropped: waiting would only move the queue to where the
// latency is, and stall the flows of the other ports.
void Worker::flush(std::uint16_t port) {
    Batch& batch = transmit_[port];
    if (batch.count == 0) return;
    const std::uint16_t sent = rte_eth_tx_burst(
        setup_.ports[port].port->id(), setup_.dispatcher.worker, batch.packets.data(), batch.count);
    for (std::uint16_t i = sent; i < batch.count; ++i) drop(batch.packets[i], DropReason::tx_full);
    batch.count = 0;
}

unsigned Worker::take_from_host(std::uint16_t port) {
    PacketRing* ring = setup_.ports[port].from_host;
    if (ring == nullptr) return 0;
    std::array<rte_mbuf*, max_burst> packets;
    const unsigned count = ring->pop(packets.data(), max_burst);
    for (unsigned i = 0; i < count; ++i) enqueue(packets[i], port);
    counters_.from_host.add(count);
    return count;
}

void Worker::hand_over(rte_mbuf* packet, std::uint16_t to, const HandoffNote& note) {
    note_of(packet) = note;
    if (setup_.handoff_out[to]->push(packet))
        counters_.handed_over.add(1);
    else
        drop(packet, DropReason::handoff_full);
}

unsigned Worker::take_handoffs(const ForwardingTable& table) {
    unsigned work = 0;
    const std::uint16_t workers = setup_.dispatcher.workers;
    for (std::uint16_t from = 0; from < workers; ++from) {
        if (setup_.handoff_in[from] == nullptr) continue;
        std::array<rte_mbuf*, max_burst> packets;
        const unsigned count = setup_.handoff_in[from]->pop(packets.data(), max_burst);
        for (unsigned i = 0; i < count; ++i) handle_handoff(packets[i], from, table);
        work += count;
    }
    return work;
}

void Worker::handle_handoff(rte_mbuf* packet, std::uint16_t from, const ForwardingTable& table) {
    const HandoffNote note = note_of(packet);
    const Work work{packet, parse(*packet, setup_.ports[note.port].port->mac()), 0};
    const FlowKey& key = work.parsed.key;
    if (note.kind == answer) {
        const std::uint64_t hash = dispatcher_.hash(key);
        carry_out(dispatcher_.decide_as_told(table, work.parsed, hash, packet->pkt_len,
                                             clock_.now(), note.backend, note.generation),
                  work, note.port, table);
        return;
    }
    const ServiceEntry* service = table.find(key.vip, key.vip_port, key.protocol);
    HandoffNote reply{answer, note.port, no_backend, 0};
    if (service != nullptr)
        reply.backend = dispatcher_.persistent_backend(table, *service, key, clock_.now());
    if (reply.backend != no_backend) reply.generation = table.backend(reply.backend).generation;
    hand_over(packet, from, reply);
}

void Worker::keep_time(std::uint64_t cycles) {
    if (!clock_.advance(cycles)) return;
    lines_to_sweep_ = dispatcher_.flows().lines().size() / ticks_per_sweep + lines_per_round;
    rejections_left_ = rejections_per_tick;
}

void Worker::keep_house() {
    if (lines_to_sweep_ != 0) {
        const std::size_t lines = std::min(lines_to_sweep_, lines_per_round);
        dispatcher_.sweep(lines, clock_.now());
        lines_to_sweep_ -= lines;
    }
    Snapshot* snapshot = requested_.load(std::memory_order_acquire);
    if (snapshot != nullptr) continue_snapshot(*snapshot);
}

void Worker::continue_snapshot(Snapshot& snapshot) {
    FlowTable& table = snapshot.persistence_next ? dispatcher_.persistence() : dispatcher_.flows();
    const std::span<const FlowTable::Line> lines = table.lines();
    const std::size_t end = std::min(snapshot.next_line + lines_per_round, lines.size());
    for (; snapshot.next_line < end; ++snapshot.next_line) {
        for (const Flow& flow : lines[snapshot.next_line].flows) {
            if (flow.state == FlowState::free || reached(flow.expires, clock_.now())) continue;
            if (snapshot.flows.size() == snapshot.flows.capacity())
                snapshot.truncated = true;
            else
                snapshot.flows.push_back(flow);
        }
    }
    if (end < lines.size() && !snapshot.truncated) return;
    if (!snapshot.persistence_next && !snapshot.truncated) {
        snapshot.persistence_next = true;
        snapshot.next_line = 0;
        return;
    }
    snapshot.now = clock_.now();
    requested_.store(nullptr, std::memory_order_relaxed);
    snapshot.done.store(true, std::memory_order_release);
}

// The longer nothing comes, the longer the sleep; a packet then waits half a millisecond at most.
void Worker::rest(unsigned work) {
    constexpr unsigned longest_us = 500;
    if (work != 0) {
        idle_rounds_ = 0;
    } else if (++idle_rounds_ < rounds_before_rest) {
        rte_pause();
    } else {
        rte_delay_us_sleep(std::min(50 + (idle_rounds_ - rounds_before_rest) / 8, longest_us));
    }
}

} // namespace lbd::dataplane
