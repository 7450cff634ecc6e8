// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/port.h"

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_ethdev.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <random>
#include <stdexcept>
#include <utility>

#include "lb/dataplane/handoff.h"
#include "lb/dataplane/packet_buffers.h"

namespace lbd::dataplane {

namespace {

constexpr unsigned cache_size = 256;
constexpr std::uint16_t private_size = RTE_ALIGN(sizeof(HandoffNote), RTE_MBUF_PRIV_ALIGN);

[[noreturn]] void fail(const std::string& device, const std::string& step, int error) {
    throw std::runtime_error("device " + device + ": " + step + ": " + rte_strerror(error));
}

std::uint16_t find_port(const std::string& device) {
    std::uint16_t id = 0;
    if (rte_eth_dev_get_port_by_name(device.c_str(), &id) != 0)
        throw std::runtime_error("device " + device +
                                 ": DPDK found no such port; a PCI NIC must be bound to vfio-pci "
                                 "(dpdk-devbind.py --status)");
    return id;
}

// A flow of either family is placed by its addresses and ports.
constexpr std::uint64_t flow_hashes = RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV4_UDP |
                                      RTE_ETH_RSS_NONFRAG_IPV6_TCP | RTE_ETH_RSS_NONFRAG_IPV6_UDP;

// A device that does so by less would put a flow where this program does not look for it.
bool spreads_flows(const rte_eth_dev_info& info) {
    return (info.flow_type_rss_offloads & flow_hashes) == flow_hashes && info.reta_size != 0 &&
           info.hash_key_size % 4 == 0 && info.hash_key_size <= 52;
}

// Random, so that nobody outside picks the queue.
std::vector<std::uint8_t> random_key(std::size_t size) {
    std::random_device source;
    std::vector<std::uint8_t> key(size);
    for (std::uint8_t& byte : key) byte = static_cast<std::uint8_t>(source());
    return key;
}

std::uint16_t buffer_size(std::uint16_t mtu) {
    const unsigned needed = mtu + RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN + RTE_PKTMBUF_HEADROOM;
    return static_cast<std::uint16_t>(std::max(needed, unsigned{RTE_MBUF_DEFAULT_BUF_SIZE}));
}

} // namespace

unsigned Port::buffers_for(const PortSettings& settings) {
    if (settings.packet_buffers != 0) return settings.packet_buffers;
    const unsigned queued =
        settings.queues * (settings.rx_descriptors + settings.tx_descriptors + 2 * cache_size);
    return queued * 2 + settings.waiting;
}

Port::Port(const PortSettings& settings)
    : device_(settings.device), id_(find_port(settings.device)) {
    rte_eth_macaddr_get(id_, &mac_);
    macs_.emplace(mac_);
    const std::string pool_name = "lbd-buffers-" + std::to_string(id_);
    buffers_.reset(make_packet_buffers({pool_name, buffers_for(settings), cache_size, private_size,
                                        buffer_size(settings.mtu), rte_eth_dev_socket_id(id_)}));
    if (!buffers_) fail(device_, "packet buffers", rte_errno);
    configure(settings);
    open_queues(settings);
    const int started = rte_eth_dev_start(id_);
    if (started != 0) fail(device_, "start", -started);
    std::vector<std::uint16_t> redirection = spread(settings.queues);
    steering_ = redirection.empty() ? Steering::software(settings.queues, settings.steering_secret)
                                    : Steering::rss(rss_key_, std::move(redirection));
    accept_multicast();
}

// A Linux interface would stay promiscuous without us.
Port::~Port() {
    rte_eth_promiscuous_disable(id_);
    rte_eth_allmulticast_disable(id_);
    rte_eth_dev_stop(id_);
    rte_eth_dev_close(id_);
}

void Port::configure(const PortSettings& settings) {
    rte_eth_dev_info info{};
    if (const int got = rte_eth_dev_info_get(id_, &info); got != 0)
        fail(device_, "capabilities", -got);
    if (settings.queues > std::min(info.max_rx_queues, info.max_tx_queues))
        throw std::runtime_error("device " + device_ + ": has queues for " +
                                 std::to_string(std::min(info.max_rx_queues, info.max_tx_queues)) +
                                 " workers, configured are " + std::to_string(settings.queues));
    rte_eth_conf conf{};
    if (settings.queues > 1 && spreads_flows(info)) {
        rss_key_ = random_key(info.hash_key_size == 0 ? 40 : info.hash_key_size);
        conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
        conf.rx_adv_conf.rss_conf.rss_key = rss_key_.data();
        conf.rx_adv_conf.rss_conf.rss_key_len = static_cast<std::uint8_t>(rss_key_.size());
        conf.rx_adv_conf.rss_conf.rss_hf =
            flow_hashes | (RTE_ETH_RSS_IP & info.flow_type_rss_offloads);
    }
    conf.rxmode.offloads = info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_IPV4_CKSUM;
    conf.txmode.offloads = info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
    const int configured = rte_eth_dev_configure(id_, settings.queues, settings.queues, &conf);
    if (configured != 0) fail(device_, "configuration", -configured);
    // Software devices take their MTU from the kernel and may refuse: not fatal.
    rte_eth_dev_set_mtu(id_, settings.mtu);
}

// The redirection table that the device has from now on; empty if it does not spread flows.
std::vector<std::uint16_t> Port::spread(std::uint16_t queues) const {
    rte_eth_dev_info info{};
    if (rss_key_.empty() || rte_eth_dev_info_get(id_, &info) != 0) return {};
    if (!std::has_single_bit(info.reta_size)) return {};
    std::vector<std::uint16_t> table(info.reta_size);
    std::vector<rte_eth_rss_reta_entry64> entries((table.size() + RTE_ETH_RETA_GROUP_SIZE - 1) /
                                                  RTE_ETH_RETA_GROUP_SIZE);
    for (std::size_t i = 0; i < table.size(); ++i) {
        table[i] = static_cast<std::uint16_t>(i % queues);
        rte_eth_rss_reta_entry64& group = entries[i / RTE_ETH_RETA_GROUP_SIZE];
        group.mask |= std::uint64_t{1} << i % RTE_ETH_RETA_GROUP_SIZE;
        group.reta[i % RTE_ETH_RETA_GROUP_SIZE] = table[i];
    }
    if (rte_eth_dev_rss_reta_update(id_, entries.data(), info.reta_size) != 0) return {};
    return table;
}

void Port::open_queues(const PortSettings& settings) {
    std::uint16_t rx = settings.rx_descriptors;
    std::uint16_t tx = settings.tx_descriptors;
    if (const int adjusted = rte_eth_dev_adjust_nb_rx_tx_desc(id_, &rx, &tx); adjusted != 0)
        fail(device_, "descriptors", -adjusted);
    const auto socket = static_cast<unsigned>(rte_eth_dev_socket_id(id_));
    for (std::uint16_t queue = 0; queue < settings.queues; ++queue) {
        const int opened = open_receive_queue(queue, rx, socket);
        if (opened != 0) fail(device_, "receive queue", -opened);
        const int ready = rte_eth_tx_queue_setup(id_, queue, tx, socket, nullptr);
        if (ready != 0) fail(device_, "transmit queue", -ready);
    }
}

// Linux lets go of an AF_XDP queue some time after the process that had it has ended, and DPDK
// calls that an invalid argument.
int Port::open_receive_queue(std::uint16_t queue, std::uint16_t descriptors, unsigned socket) {
    constexpr int attempts = 20;
    constexpr unsigned between_ms = 100;
    int opened = 0;
    for (int attempt = 0; attempt < attempts; ++attempt) {
        opened = rte_eth_rx_queue_setup(id_, queue, descriptors, socket, nullptr, buffers_.get());
        if (opened != -EINVAL && opened != -EBUSY) break;
        rte_delay_us_sleep(between_ms * 1000);
    }
    return opened;
}

// VRRP comes by multicast. What cannot filter it takes everything; frames for other hosts are
// dropped by the parser then.
void Port::accept_multicast() const {
    if (rte_eth_allmulticast_enable(id_) != 0) rte_eth_promiscuous_enable(id_);
}

// Like multicast, what cannot filter it.
void Port::take_virtual_mac(rte_ether_addr mac, bool taken) {
    macs_->set(mac, taken);
    if (!taken)
        rte_eth_dev_mac_addr_remove(id_, &mac);
    else if (rte_eth_dev_mac_addr_add(id_, &mac, 0) != 0)
        rte_eth_promiscuous_enable(id_);
}

bool Port::device_link_up() const {
    rte_eth_link link{};
    return rte_eth_link_get_nowait(id_, &link) == 0 && link.link_status == RTE_ETH_LINK_UP;
}

PortStatistics Port::statistics() const {
    rte_eth_stats stats{};
    rte_eth_stats_get(id_, &stats);
    return {stats.ipackets, stats.ibytes, stats.imissed,  stats.rx_nombuf,
            stats.opackets, stats.obytes, buffers_->size, rte_mempool_in_use_count(buffers_.get())};
}

bool Port::out_of_buffers() const {
    unsigned cached = 0; // by threads, each for itself
    for (unsigned lcore = 0; lcore < RTE_MAX_LCORE; ++lcore)
        cached += buffers_->local_cache[lcore].len;
    return rte_mempool_avail_count(buffers_.get()) < cached + max_burst;
}

} // namespace lbd::dataplane
