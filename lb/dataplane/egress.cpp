// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/egress.h"

#include <netinet/in.h>
#include <rte_ethdev.h>

#include <utility>

#include "lb/dataplane/answer.h"
#include "lb/dataplane/fragment_out.h"
#include "lb/dataplane/ttl.h"
#include "lb/dataplane/vlan.h"

namespace lbd::dataplane {

namespace {

constexpr unsigned answers_per_tick = 1000;

bool may_live_on(rte_mbuf* packet, const Parsed& parsed) {
    auto* ip = rte_pktmbuf_mtod_offset(packet, void*, parsed.l3_offset);
    return parsed.ipv6 ? decrement_hop_limit(*static_cast<rte_ipv6_hdr*>(ip))
                       : decrement_ttl(*static_cast<rte_ipv4_hdr*>(ip));
}

} // namespace

Egress::Egress(std::vector<Port*> ports, std::vector<Interface> interfaces, std::uint16_t queue,
               WorkerCounters& counters)
    : ports_(std::move(ports)),
      interfaces_(std::move(interfaces)),
      queue_(queue),
      counters_(counters),
      batches_(ports_.size()),
      packet_id_(static_cast<std::uint16_t>(queue * 0x9e37u)) { // workers do not go in step
    for (const Interface& interface : interfaces_) {
        const std::uint32_t longest =
            interface.vlan == 0 ? interface.mtu + sizeof(rte_ether_hdr) : 0;
        ways_out_.push_back({interface.port->mac(), interface.port_index, longest});
    }
}

Egress::~Egress() {
    for (Batch& batch : batches_) rte_pktmbuf_free_bulk(batch.packets.data(), batch.count);
}

void Egress::forward_otherwise(rte_mbuf* packet, const Parsed& parsed, const BackendEntry& backend,
                               std::uint8_t from, std::uint64_t hash) {
    if (backend.decrement_ttl && !may_live_on(packet, parsed)) {
        return answer(packet, parsed, from, DropReason::ttl_expired,
                      [&] { return turn_into_time_exceeded(*packet, parsed.l3_offset); });
    }
    const unsigned room = interfaces_[backend.interface].mtu - overhead(backend.tunnel);
    if (packet->pkt_len - parsed.l3_offset > room)
        return forward_large(packet, parsed, backend, from, hash);
    forward_fitting(packet, parsed, backend, hash);
}

// As a router does: the sender is told, or what may be fragmented is (RFC 1191, RFC 8201).
void Egress::forward_large(rte_mbuf* packet, const Parsed& parsed, const BackendEntry& backend,
                           std::uint8_t from, std::uint64_t hash) {
    const auto mtu =
        static_cast<std::uint16_t>(interfaces_[backend.interface].mtu - overhead(backend.tunnel));
    // Ethernet pads short frames only, so the length is that of the datagram.
    if (parsed.ipv6 || !may_be_fragmented(*packet, parsed.l3_offset)) {
        return answer(packet, parsed, from, DropReason::too_big,
                      [&] { return turn_into_too_big(*packet, parsed.l3_offset, mtu); });
    }
    std::array<rte_mbuf*, most_fragments> fragments;
    const unsigned count =
        fragment_out(*packet, parsed.l3_offset, mtu, interfaces_[from].port->buffers(), fragments);
    if (count == 0) return drop(packet, DropReason::too_big);
    counters_.split.add(count - 1);
    rte_pktmbuf_free(packet);
    for (unsigned i = 0; i < count; ++i) forward_fitting(fragments[i], parsed, backend, hash);
}

void Egress::forward_fitting(rte_mbuf* packet, const Parsed& parsed, const BackendEntry& backend,
                             std::uint64_t hash) {
    if (!encapsulate(*packet, parsed.l3_offset, backend.tunnel, hash, ++packet_id_))
        return drop(packet, DropReason::no_headroom);
    address(packet, backend, ways_out_[backend.interface]);
    if (emit(packet, parsed.l3_offset, interfaces_[backend.interface])) ++forwarded_;
}

bool Egress::emit(rte_mbuf* packet, std::uint16_t l2_length, const Interface& interface) {
    if (!set_tag(*packet, l2_length, interface.vlan)) {
        drop(packet, DropReason::no_headroom);
        return false;
    }
    enqueue(packet, interface.port_index);
    return true;
}

void Egress::reject(rte_mbuf* packet, const Parsed& parsed, std::uint8_t from, DropReason reason) {
    const std::uint8_t protocol = parsed.ipv6 ? parsed.v6.protocol : parsed.v4.protocol;
    answer(packet, parsed, from, reason, [&] {
        return protocol == IPPROTO_TCP
                   ? turn_into_reset(*packet, parsed.l3_offset, parsed.l4_offset)
                   : turn_into_port_unreachable(*packet, parsed.l3_offset);
    });
}

template <typename Turn>
void Egress::answer(rte_mbuf* packet, const Parsed& parsed, std::uint8_t from, DropReason reason,
                    Turn&& turn) {
    // RFC 1122 3.2.2: errors about errors, or about later fragments, are not sent.
    if (answers_left_ == 0 || parsed.kind != PacketClass::flow || !turn())
        return drop(packet, reason);
    --answers_left_;
    counters_.drops[static_cast<std::size_t>(reason)].add(1);
    counters_.answered.add(1);
    emit(packet, parsed.l3_offset, interfaces_[from]);
}

void Egress::from_host(rte_mbuf* packet, std::uint8_t interface) {
    counters_.from_host.add(1);
    emit(packet, sizeof(rte_ether_hdr), interfaces_[interface]);
}

void Egress::drop(rte_mbuf* packet, DropReason reason) {
    counters_.drops[static_cast<std::size_t>(reason)].add(1);
    rte_pktmbuf_free(packet);
}

// What the NIC does not take now is dropped: waiting would only move the queue to where the
// latency is, and stall the flows of the other ports.
void Egress::flush(std::uint16_t port) {
    Batch& batch = batches_[port];
    if (batch.count == 0) return;
    const bool up = ports_[port]->link_up();
    const std::uint16_t sent =
        up ? rte_eth_tx_burst(ports_[port]->id(), queue_, batch.packets.data(), batch.count) : 0;
    counters_.sent.add(sent);
    for (std::uint16_t i = sent; i < batch.count; ++i)
        drop(batch.packets[i], up ? DropReason::tx_full : DropReason::link_down);
    batch.count = 0;
}

void Egress::flush() {
    for (std::size_t port = 0; port < batches_.size(); ++port)
        flush(static_cast<std::uint16_t>(port));
    counters_.forwarded.add(forwarded_);
    forwarded_ = 0;
}

void Egress::new_tick() {
    answers_left_ = answers_per_tick;
}

} // namespace lbd::dataplane
