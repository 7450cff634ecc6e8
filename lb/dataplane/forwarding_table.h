// SPDX-License-Identifier: BSD-3-Clause
// What the workers forward by: services, backends, and the order in which new connections visit
// them. Built by the control plane, immutable once published.
#pragma once

#include <rte_byteorder.h>
#include <rte_ether.h>

#include <array>
#include <cstdint>
#include <vector>

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

struct BackendEntry {
    rte_ether_addr mac{};
    std::uint8_t port = 0;          // where it is reached: index into the workers' ports
    bool forwards = false;          // established flows go on to it
    bool keeps_persistence = false; // clients that are bound to it may open new connections
    ServiceSlot service = 0;
    std::uint16_t generation = 0; // changes when the slot is given to another backend
    rte_be32_t address = 0;
};

struct ServiceTimeouts { // ticks, indexed by FlowState
    std::array<Tick, flow_state_names.size()> of{};
};

enum class NoBackendPolicy : std::uint8_t { drop, reject };
enum class UnknownTcpPolicy : std::uint8_t { hash, drop, schedule };
enum class BackendDownPolicy : std::uint8_t { reschedule, keep, reset };

struct ServiceEntry {
    rte_be32_t vip = 0;
    rte_be16_t port = 0;
    std::uint8_t protocol = 0;
    NoBackendPolicy on_no_backend = NoBackendPolicy::drop;
    UnknownTcpPolicy on_unknown_tcp = UnknownTcpPolicy::hash;
    BackendDownPolicy on_backend_down = BackendDownPolicy::reschedule;
    Tick persistence = 0;            // 0: none
    rte_be32_t persistence_mask = 0; // clients that agree in these bits share a backend
    ServiceTimeouts timeouts;
    std::uint32_t ring_version = 0; // changes with the ring, so that cursors find their place again
    std::vector<BackendSlot> ring;  // backends open to new connections, expanded by weight
    std::vector<BackendSlot> maglev; // consistent hash over the same backends
};

class ForwardingTable {
  public:
    // `services` is indexed by slot; those in `live` can be found, the others only serve flows
    // that still refer to them.
    ForwardingTable(std::vector<ServiceEntry> services, std::vector<BackendEntry> backends,
                    const std::vector<ServiceSlot>& live, std::uint64_t generation);

    // The service of an address, port and protocol, or nullptr.
    const ServiceEntry* find(rte_be32_t vip, rte_be16_t port, std::uint8_t protocol) const;
    // Whether any service has this address.
    bool is_virtual(rte_be32_t address) const;

    const ServiceEntry& service(ServiceSlot slot) const { return services_[slot]; }
    const BackendEntry& backend(BackendSlot slot) const { return backends_[slot]; }
    bool knows(BackendSlot slot) const { return slot < backends_.size(); }
    ServiceSlot slot_of(const ServiceEntry& service) const {
        return static_cast<ServiceSlot>(&service - services_.data());
    }
    std::uint64_t generation() const { return generation_; }

  private:
    std::uint32_t start_of(rte_be32_t vip, std::uint32_t rest) const {
        return static_cast<std::uint32_t>(multiply_fold(
                   (std::uint64_t{vip} << 32 | rest) ^ 0x9e3779b97f4a7c15u, 0xd6e8feb86659fd93u)) &
               mask_;
    }

    std::vector<ServiceEntry> services_;
    std::vector<BackendEntry> backends_;
    std::vector<ServiceSlot> index_; // open addressing, at most half full
    std::vector<rte_be32_t> addresses_;
    std::uint32_t mask_;
    std::uint64_t generation_;
};

} // namespace lbd::dataplane
