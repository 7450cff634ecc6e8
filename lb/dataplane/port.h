// SPDX-License-Identifier: BSD-3-Clause
// A DPDK port with one receive and one transmit queue per worker, and its packet buffers.
#pragma once

#include <rte_ether.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lb/dataplane/own_macs.h"
#include "lb/dataplane/steering.h"

namespace lbd::dataplane {

struct PortSettings {
    std::string device; // as DPDK names it
    std::uint16_t queues = 1;
    std::uint16_t rx_descriptors = 1024;
    std::uint16_t tx_descriptors = 1024;
    std::uint16_t mtu = 1500;
    unsigned packet_buffers = 0;  // 0: what queues, rings and caches can hold
    unsigned waiting = 0;         // of its packets, those that rings can hold
    HashSecret steering_secret{}; // for devices without RSS; the same for all ports
};

struct PortStatistics {
    std::uint64_t rx_packets, rx_bytes, rx_missed, rx_no_buffer, tx_packets, tx_bytes;
    unsigned buffers, buffers_in_use; // in use: not far from it, while workers work
};

constexpr std::uint16_t max_burst = 32;

class Port {
  public:
    // Configures and starts the port. Throws std::runtime_error naming device and step.
    explicit Port(const PortSettings& settings);
    Port(const Port&) = delete;
    Port& operator=(const Port&) = delete;
    ~Port();

    // Packet buffers that a port with `settings` takes.
    static unsigned buffers_for(const PortSettings& settings);

    std::uint16_t id() const { return id_; }
    const rte_ether_addr& mac() const { return mac_; }
    const OwnMacs& macs() const { return *macs_; }
    // Control thread: frames for a virtual router's MAC address are taken from now on, or no more.
    void take_virtual_mac(rte_ether_addr mac, bool taken);
    rte_mempool& buffers() const { return *buffers_; }
    // Which worker owns a flow that comes in here.
    const Steering& steering() const { return *steering_; }
    bool device_link_up() const;
    // Control thread: what is known of the link. Without it nothing is given to the device, which
    // may keep it and send it when it is no longer true.
    void set_link(bool up) { link_up_.store(up, std::memory_order_relaxed); }
    bool link_up() const { return link_up_.load(std::memory_order_relaxed); }
    PortStatistics statistics() const;
    // Whether a worker that has none at hand gets no packet buffer, and so no packet. Any thread.
    bool out_of_buffers() const;

  private:
    struct FreePool {
        void operator()(rte_mempool* pool) const { rte_mempool_free(pool); }
    };

    void configure(const PortSettings& settings);
    std::vector<std::uint16_t> spread(std::uint16_t queues) const;
    void open_queues(const PortSettings& settings);
    int open_receive_queue(std::uint16_t queue, std::uint16_t descriptors, unsigned socket);
    void accept_multicast() const;

    std::string device_;
    std::uint16_t id_;
    rte_ether_addr mac_{};
    std::optional<OwnMacs> macs_; // of the constructor's end
    std::unique_ptr<rte_mempool, FreePool> buffers_;
    std::vector<std::uint8_t> rss_key_; // empty: the device does not spread flows
    std::optional<Steering> steering_;
    std::atomic<bool> link_up_{true};
};

} // namespace lbd::dataplane
