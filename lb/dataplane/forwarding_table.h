// SPDX-License-Identifier: BSD-3-Clause
// What the workers forward by: services, backends, and the order in which new connections visit
// them. Built by the control plane, immutable once published.
#pragma once

#include <rte_byteorder.h>
#include <rte_ether.h>

#include <array>
#include <cstdint>
#include <vector>

#include "lb/dataplane/encapsulate.h"
#include "lb/dataplane/flow_key.h"
#include "lb/dataplane/flow_table.h"

namespace lbd::dataplane {

// A slot is the number of a service or of a backend within its service. It keeps its meaning for
// as long as any flow refers to it; the control plane alone gives slots away.
using ServiceSlot = std::uint16_t;
using BackendSlot = std::uint16_t;

constexpr std::size_t max_services = 4096;
constexpr std::size_t max_backends = 16384;
constexpr BackendSlot no_backend = 0xffff;

// What becomes of the packets of a backend's flows.
enum class FlowFate : std::uint8_t {
    forward,
    keep,      // it is down: only what opens a connection goes elsewhere
    reset,     // the client gets a RST
    reschedule // to another backend, from which the client will get one
};

struct ServiceTimeouts { // ticks, indexed by FlowState
    std::array<Tick, flow_state_names.size()> of{};
};

// Its first cache line is all that the packets of a flow need. What is "by the table" is filled in
// by the ForwardingTable, from the service.
struct alignas(64) BackendEntry {
    ServiceTimeouts timeouts{}; // by the table
    rte_ether_addr mac{};       // of the backend, or of the router before it
    std::uint8_t interface = 0; // where it is reached: index into the workers' interfaces
    FlowFate fate = FlowFate::reschedule;
    bool decrement_ttl = false;     // by the table
    bool as_it_came = false;        // by the table: but for the MAC addresses, frames stay the same
    bool keeps_persistence = false; // clients that are bound to it may open new connections
    ServiceSlot service = 0;
    std::uint16_t generation = 0; // changes when the slot is given to another backend
    std::uint16_t weight = 0;
    std::uint32_t upper_threshold = 0; // connections from which on it gets no new ones; 0: none
    std::uint32_t lower_threshold = 0; // connections below which it gets some again
    Tunnel tunnel{};
};

enum class NoBackendPolicy : std::uint8_t { drop, reject };
enum class UnknownTcpPolicy : std::uint8_t { hash, drop, schedule, reset };

// How a new connection finds its backend.
enum class Discipline : std::uint8_t {
    ring,           // rr, wrr: the next in the ring
    least,          // lc: the one with the fewest connections
    weighted_least, // wlc: in proportion to weights
    hash            // sh, mh: by the consistent hash
};

// What the consistent hash is of.
enum class Hashed : std::uint8_t {
    tuple,          // the whole flow
    client_network, // what persistence goes by
    client,         // the client's address
    client_port     // the client's address and port
};

struct ServiceEntry {
    Ipv6 vip{}; // IPv4: the first four bytes
    bool ipv6 = false;
    std::uint8_t protocol = 0;
    rte_be16_t port = 0; // 0: every port that no other service of the address has
    NoBackendPolicy on_no_backend = NoBackendPolicy::drop;
    UnknownTcpPolicy on_unknown_tcp = UnknownTcpPolicy::hash;
    Discipline discipline = Discipline::ring;
    Hashed hashed = Hashed::tuple;
    bool decrement_ttl = false;
    Tick persistence = 0;             // 0: none
    std::uint8_t client_prefix = 128; // bits of the client's address that persistence goes by
    std::uint8_t limit_prefix = 128;  // ... and the limit
    std::uint32_t limit = 0;          // new connections a second of one client network; 0: none
    ServiceTimeouts timeouts;
    std::uint32_t ring_version = 0; // changes with the ring, so that cursors find their place again
    std::vector<BackendSlot> ring;  // backends open to new connections, expanded by weight
    std::vector<BackendSlot> members;    // the same, each once
    std::vector<BackendSlot> hash_table; // consistent hash over the same backends
};

class ForwardingTable {
  public:
    // `services` is indexed by slot; those in `live` can be found, the others only serve flows
    // that still refer to them.
    ForwardingTable(std::vector<ServiceEntry> services, std::vector<BackendEntry> backends,
                    const std::vector<ServiceSlot>& live, std::uint64_t generation);

    // The service of a flow, or nullptr.
    const ServiceEntry* find(const KeyV4& key) const {
        return find(Endpoint{widened(key.vip), key.vip_port, key.protocol, false});
    }
    const ServiceEntry* find(const KeyV6& key) const {
        return find(Endpoint{key.vip, key.vip_port, key.protocol, true});
    }
    // Whether any service has this address.
    bool is_virtual(const KeyV4& key) const { return is_virtual(widened(key.vip), false); }
    bool is_virtual(const KeyV6& key) const { return is_virtual(key.vip, true); }

    const ServiceEntry& service(ServiceSlot slot) const { return services_[slot]; }
    const BackendEntry& backend(BackendSlot slot) const { return backends_[slot]; }
    bool knows(BackendSlot slot) const { return slot < backends_.size(); }
    ServiceSlot slot_of(const ServiceEntry& service) const {
        return static_cast<ServiceSlot>(&service - services_.data());
    }
    // Backends whose number of connections decides about new ones.
    const std::vector<BackendSlot>& watched() const { return watched_; }
    std::uint64_t generation() const { return generation_; }

    static Ipv6 widened(rte_be32_t address) {
        Ipv6 wide{};
        std::memcpy(wide.data(), &address, sizeof(address));
        return wide;
    }

  private:
    struct Endpoint {
        Ipv6 vip;
        rte_be16_t port;
        std::uint8_t protocol;
        bool ipv6;
        auto operator<=>(const Endpoint&) const = default;
    };

    const ServiceEntry* find(const Endpoint& endpoint) const;
    const ServiceEntry* find_exactly(const Endpoint& endpoint) const;
    bool is_virtual(const Ipv6& address, bool ipv6) const;
    std::uint32_t start_of(const Endpoint& endpoint) const;
    void index(ServiceSlot slot);
    void complete(BackendEntry& backend) const;
    void watch();

    std::vector<ServiceEntry> services_;
    std::vector<BackendEntry> backends_;
    std::vector<ServiceSlot> index_;  // open addressing, at most half full
    std::vector<Endpoint> addresses_; // sorted; port and protocol 0
    std::vector<BackendSlot> watched_;
    std::uint32_t mask_;
    bool any_port_ = false; // a service with port 0 exists
    std::uint64_t generation_;
};

} // namespace lbd::dataplane
