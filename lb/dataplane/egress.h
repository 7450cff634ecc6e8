// SPDX-License-Identifier: BSD-3-Clause
// The way out of a worker: what makes a frame fit for where it goes, and the transmit queues.
#pragma once

#include <rte_mbuf.h>

#include <array>
#include <cstdint>
#include <vector>

#include "lb/dataplane/counters.h"
#include "lb/dataplane/forwarding_table.h"
#include "lb/dataplane/packet_ring.h"
#include "lb/dataplane/parse.h"
#include "lb/dataplane/port.h"

namespace lbd::dataplane {

// A network that the director is on: a port's untagged one or one of its VLANs. Everything that is
// pointed to outlives the worker.
struct Interface {
    Port* port;
    std::uint16_t port_index; // into the worker's ports
    std::uint16_t vlan;       // 0: untagged
    std::uint16_t mtu;
    PacketRing* to_host;   // this worker's
    PacketRing* from_host; // read by one worker only, nullptr for the others
};

class Egress {
  public:
    Egress(std::vector<Port*> ports, std::vector<Interface> interfaces, std::uint16_t queue,
           WorkerCounters& counters);
    Egress(const Egress&) = delete;
    Egress& operator=(const Egress&) = delete;
    ~Egress();

    // Sends `packet`, which came in by interface `from`, to the backend. `hash` is the flow's.
    // Direct Routing: the frame goes on as it came, but for the MAC addresses.
    void forward(rte_mbuf* packet, const Parsed& parsed, const BackendEntry& backend,
                 std::uint8_t from, std::uint64_t hash) {
        const WayOut& way = ways_out_[backend.interface];
        if (!backend.as_it_came || parsed.l3_offset != sizeof(rte_ether_hdr) ||
            packet->pkt_len > way.longest)
            return forward_otherwise(packet, parsed, backend, from, hash);
        address(packet, backend, way);
        ++forwarded_;
        enqueue(packet, way.port);
    }
    // Answers the sender with a RST or ICMP unreachable; drops the packet in any case.
    void reject(rte_mbuf* packet, const Parsed& parsed, std::uint8_t from, DropReason reason);
    // A frame of the host's, without a tag.
    void from_host(rte_mbuf* packet, std::uint8_t interface);
    void drop(rte_mbuf* packet, DropReason reason);

    void flush();
    // Answers are rationed: what answers a flood is a flood, too.
    void new_tick();

    const std::vector<Interface>& interfaces() const { return interfaces_; }

  private:
    struct Batch {
        std::array<rte_mbuf*, 2 * max_burst> packets;
        std::uint16_t count = 0;
    };
    // What forwarding needs to know of an interface.
    struct WayOut {
        rte_ether_addr mac;
        std::uint16_t port;
        std::uint32_t longest; // untagged frame that may leave without a tag; 0: none may
    };

    static void address(rte_mbuf* packet, const BackendEntry& backend, const WayOut& way) {
        auto* ethernet = rte_pktmbuf_mtod(packet, rte_ether_hdr*);
        ethernet->dst_addr = backend.mac;
        ethernet->src_addr = way.mac;
    }
    void enqueue(rte_mbuf* packet, std::uint16_t port) {
        Batch& batch = batches_[port];
        if (batch.count == batch.packets.size()) flush(port);
        batch.packets[batch.count++] = packet;
    }
    void forward_otherwise(rte_mbuf* packet, const Parsed& parsed, const BackendEntry& backend,
                           std::uint8_t from, std::uint64_t hash);
    void forward_large(rte_mbuf* packet, const Parsed& parsed, const BackendEntry& backend,
                       std::uint8_t from, std::uint64_t hash);
    void forward_fitting(rte_mbuf* packet, const Parsed& parsed, const BackendEntry& backend,
                         std::uint64_t hash);
    // False: dropped.
    bool emit(rte_mbuf* packet, std::uint16_t l2_length, const Interface& interface);
    template <typename Turn>
    void answer(rte_mbuf* packet, const Parsed& parsed, std::uint8_t from, DropReason reason,
                Turn&& turn);
    void flush(std::uint16_t port);

    std::vector<Port*> ports_;
    std::vector<Interface> interfaces_;
    std::uint16_t queue_;
    WorkerCounters& counters_;
    std::vector<Batch> batches_;
    std::vector<WayOut> ways_out_; // as interfaces_
    std::uint64_t forwarded_ = 0;  // not yet in the counters
    std::uint16_t packet_id_;      // of the last datagram in a tunnel over IPv4
    unsigned answers_left_ = 0;
};

} // namespace lbd::dataplane
