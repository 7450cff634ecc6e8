// SPDX-License-Identifier: BSD-3-Clause
// Fragments: the first one carries the ports and is decided about like any packet, the others
// follow it. One worker, the datagram's home, keeps them in order.
#include <netinet/in.h>

#include "lb/dataplane/worker.h"

namespace lbd::dataplane {

namespace {

DatagramKey datagram_of(const Parsed& parsed) {
    // RFC 8200 4.5 goes by addresses and identification, RFC 791 by the protocol, too.
    return parsed.ipv6 ? datagram_key(parsed.v6, parsed.fragment_id)
                       : datagram_key(parsed.v4, parsed.fragment_id);
}

// Whether its datagram may be a flow's. Behind IPv6's extension headers anything may come.
bool may_have_ports(const Parsed& parsed) {
    if (parsed.ipv6) return parsed.v6.protocol != IPPROTO_ICMPV6;
    return parsed.v4.protocol == IPPROTO_TCP || parsed.v4.protocol == IPPROTO_UDP;
}

} // namespace

void Worker::handle_fragment(Work& work, const ForwardingTable& table) {
    const bool ours = with_family(
        work.parsed, [&table](auto&, const auto& key) { return table.is_virtual(key); });
    // Of a large ping the host gets all parts: the first one is its, too.
    if (!ours || !may_have_ports(work.parsed)) return punt(work);
    const std::uint16_t home = home_of(work.parsed);
    if (home != setup_.worker)
        return hand_over(work.packet, home, {Handoff::fragment, work.interface});
    order_fragment(work, table);
}

// The worker that puts the fragments of a datagram in order.
std::uint16_t Worker::home_of(const Parsed& parsed) const {
    return static_cast<std::uint16_t>(
        reduce(hash_of(datagram_of(parsed), setup_.owner_secret), setup_.workers));
}

// About its first fragment, if that has come.
std::optional<Verdict> Worker::decision_about(const Parsed& fragment,
                                              const ForwardingTable& table) const {
    const Settled* settled = fragments_.decision(datagram_of(fragment), clock_.now());
    return settled == nullptr ? std::nullopt : std::optional(settled->in_force(table));
}

void Worker::order_fragment(Work& work, const ForwardingTable& table) {
    if (work.parsed.kind == PacketClass::fragment) return follow_first(work, table);
    work.home = setup_.worker;
    const std::uint16_t owner = owner_of(work);
    if (owner != setup_.worker)
        return hand_over(work.packet, owner, {Handoff::deliver, work.interface, work.home});
    settle(decide(work, table), work, table);
}

void Worker::follow_first(const Work& work, const ForwardingTable& table) {
    note_of(work.packet) = {Handoff::fragment, work.interface};
    const auto answer = fragments_.later(datagram_of(work.parsed), work.packet, clock_.now(),
                                         [this](rte_mbuf* lost) { lose_held(lost); });
    switch (answer.outcome) {
        case FragmentOutcome::decided:
            return carry_out_later(answer.decision.in_force(table), work, table);
        case FragmentOutcome::held:
            return counters_.fragments_held.add(1);
        case FragmentOutcome::no_room:
            return drop(work.packet, DropReason::fragment_excess);
    }
}

// The decision about a packet; if it is the first fragment of a datagram, its home is told.
void Worker::settle(const Verdict& verdict, const Work& work, const ForwardingTable& table) {
    if (work.home == no_home || verdict.kind == Verdict::Kind::ask_owner)
        return carry_out(verdict, work, table);
    if (work.home != setup_.worker) {
        HandoffNote note{Handoff::settled, work.interface, work.home, verdict.backend};
        note.generation = Settled(verdict, table).generation;
        note.verdict = static_cast<std::uint8_t>(verdict.kind);
        note.reason = static_cast<std::uint8_t>(verdict.reason);
        return hand_over(work.packet, work.home, note);
    }
    const DatagramKey datagram = datagram_of(work.parsed);
    carry_out(verdict, work, table);
    fragments_.first(
        datagram, Settled(verdict, table), clock_.now(),
        [&](rte_mbuf* held) {
            counters_.fragments_held.subtract(1);
            const Work next = taken_up(held, no_home);
            if (traces_ != nullptr) [[unlikely]]
                carry_out_traced(verdict, next, table);
            else
                carry_out_later(verdict, next, table);
        },
        [this](rte_mbuf* lost) { lose_held(lost); });
}

void Worker::carry_out_later(const Verdict& verdict, const Work& work,
                             const ForwardingTable& table) {
    if (verdict.kind == Verdict::Kind::forward)
        counters_.count(verdict.backend, work.packet->pkt_len);
    carry_out(verdict, work, table);
}

void Worker::lose_held(rte_mbuf* packet) {
    counters_.fragments_held.subtract(1);
    if (traces_ != nullptr) [[unlikely]]
        lose_held_traced(packet);
    else
        drop(packet, DropReason::fragment_lost);
}

} // namespace lbd::dataplane
