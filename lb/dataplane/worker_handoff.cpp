// SPDX-License-Identifier: BSD-3-Clause
// What workers hand to each other and to the host.
#include "lb/dataplane/worker.h"

namespace lbd::dataplane {

unsigned Worker::take_from_host() {
    if (discarding_.load(std::memory_order_relaxed)) [[unlikely]]
        discard_from_host();
    unsigned work = 0;
    const std::vector<Interface>& interfaces = egress_.interfaces();
    for (std::size_t index = 0; index < interfaces.size(); ++index) {
        if (interfaces[index].from_host == nullptr) continue;
        std::array<rte_mbuf*, max_burst> packets;
        const unsigned count = interfaces[index].from_host->pop(packets.data(), max_burst);
        for (unsigned i = 0; i < count; ++i)
            egress_.from_host(packets[i], static_cast<std::uint8_t>(index));
        work += count;
    }
    return work;
}

void Worker::discard_from_host() {
    discarding_.store(false, std::memory_order_relaxed);
    for (const Interface& interface : egress_.interfaces()) {
        if (interface.from_host == nullptr) continue;
        std::array<rte_mbuf*, max_burst> packets;
        while (const unsigned count = interface.from_host->pop(packets.data(), max_burst)) {
            counters_.from_host_discarded.add(count);
            rte_pktmbuf_free_bulk(packets.data(), count);
        }
    }
}

bool Worker::offer(rte_mbuf* packet, std::uint16_t to, const HandoffNote& note) {
    note_of(packet) = note;
    if (!setup_.neighbours.packets_out[to]->push(packet)) return false;
    counters_.handed_over.add(1);
    return true;
}

void Worker::hand_over(rte_mbuf* packet, std::uint16_t to, const HandoffNote& note) {
    if (!offer(packet, to, note)) drop(packet, DropReason::handoff_full);
}

unsigned Worker::take_handoffs(const ForwardingTable& table) {
    unsigned work = 0;
    for (std::uint16_t from = 0; from < setup_.workers; ++from) {
        if (from == setup_.worker) continue;
        std::array<rte_mbuf*, max_burst> packets;
        const unsigned count = setup_.neighbours.packets_in[from]->pop(packets.data(), max_burst);
        work += count;
        if (traces_ != nullptr) [[unlikely]] {
            for (unsigned i = 0; i < count; ++i) take_handoff_traced(packets[i], from, table);
            continue;
        }
        for (unsigned i = 0; i < count; ++i) take_handoff(packets[i], from, table);
    }
    return work;
}

Worker::Work Worker::taken_up(rte_mbuf* packet, std::uint16_t home) {
    Work work;
    work.packet = packet;
    work.interface = note_of(packet).interface;
    work.home = home;
    // It was for us when it came, whatever virtual MAC addresses have been given back since.
    const OwnMacs accepted(rte_pktmbuf_mtod(packet, const rte_ether_hdr*)->dst_addr);
    parse(*packet, accepted, work.parsed);
    prepare(work);
    return work;
}

Verdict Worker::told_by(const HandoffNote& note, const ForwardingTable& table) {
    Settled settled;
    settled.verdict = {static_cast<Verdict::Kind>(note.verdict),
                       static_cast<DropReason>(note.reason), note.backend};
    settled.generation = note.generation;
    return settled.in_force(table);
}

void Worker::take_handoff(rte_mbuf* packet, std::uint16_t from, const ForwardingTable& table) {
    const HandoffNote note = note_of(packet);
    Work work = taken_up(packet, note.home);
    switch (note.kind) {
        case Handoff::deliver:
            return settle(decide(work, table), work, table);
        case Handoff::question:
            return answer_about_client(work, from, table);
        case Handoff::answer:
            return settle(decide_as_told(work, note, from, table), work, table);
        case Handoff::fragment:
            return order_fragment(work, table);
        case Handoff::settled:
            return settle(told_by(note, table), work, table);
    }
}

void Worker::answer_about_client(const Work& work, std::uint16_t from,
                                 const ForwardingTable& table) {
    const Bound bound = with_family(work.parsed, [&](auto& dispatcher, const auto& key) {
        const ServiceEntry* service = table.find(key);
        return service == nullptr ? Bound{} : dispatcher.bind(table, *service, key, clock_.now());
    });
    HandoffNote reply{Handoff::answer, work.interface, work.home, bound.backend};
    reply.binding = bound.binding;
    if (bound.backend != no_backend) reply.generation = table.backend(bound.backend).generation;
    if (offer(work.packet, from, reply)) return;
    // No flow will let go of it.
    if (bound.binding != no_binding)
        with_family(work.parsed, [&](auto& dispatcher, const auto&) {
            dispatcher.persistence().release(bound.binding);
        });
    drop(work.packet, DropReason::handoff_full);
}

Verdict Worker::decide_as_told(const Work& work, const HandoffNote& note, std::uint16_t owner,
                               const ForwardingTable& table) {
    return with_family(work.parsed, [&](auto& dispatcher, const auto&) {
        return dispatcher.decide_as_told(table, work.parsed, work.hash, work.packet->pkt_len,
                                         clock_.now(),
                                         {{note.backend, note.binding}, note.generation, owner});
    });
}

void Worker::exchange_releases() {
    while (!releases_.empty()) {
        const Release& release = releases_.last();
        if (!setup_.neighbours.releases_out[release.owner]->push(release)) break;
        releases_.pop();
    }
    for (ReleaseRing* ring : setup_.neighbours.releases_in) {
        if (ring == nullptr) continue;
        Release release{};
        for (unsigned i = 0; i < max_burst && ring->pop(&release, 1) == 1; ++i) {
            if (release.ipv6)
                dispatcher6_.persistence().release(release.binding);
            else
                dispatcher4_.persistence().release(release.binding);
        }
    }
}

} // namespace lbd::dataplane
