// SPDX-License-Identifier: BSD-3-Clause
#include <rte_ethdev.h>
#include <unistd.h>

#include <stdexcept>

#include "tests/model/director.h"

namespace lbd::model {

using namespace dataplane;

namespace {

EalOptions options() {
    EalOptions options;
    options.name = "model-" + std::to_string(getpid());
    options.hugepages = false;
    options.megabytes = 64;
    options.virtual_devices = {"net_null0,no-rx=1"};
    return options;
}

PortSettings settings(std::uint16_t queues) {
    PortSettings settings;
    settings.device = "net_null0";
    settings.queues = queues;
    settings.rx_descriptors = settings.tx_descriptors = 512;
    settings.packet_buffers = 2047;
    return settings;
}

} // namespace

Device::Device(std::uint16_t queues)
    : eal_(options()),
      port_(std::make_unique<Port>(settings(queues))),
      to_host_(std::make_unique<PacketRing>("model-to-host", 1024)),
      waiting_(queues) {
    for (std::uint16_t queue = 0; queue < queues; ++queue)
        if (rte_eth_add_rx_callback(port_->id(), queue, receive, this) == nullptr ||
            rte_eth_add_tx_callback(port_->id(), queue, send, this) == nullptr)
            throw std::runtime_error("DPDK was built without callbacks");
}

void Device::give(const Packet& packet, std::uint16_t queue) {
    test::Frame frame;
    write(frame, packet, port_->mac());
    rte_mbuf* copy = rte_pktmbuf_alloc(&port_->buffers());
    if (copy == nullptr) throw std::runtime_error("packet buffers are used up");
    const std::uint16_t length = frame.packet().data_len;
    std::memcpy(rte_pktmbuf_append(copy, length), frame.data(), length);
    waiting_[queue].push_back(copy);
}

std::uint16_t Device::receive(std::uint16_t, std::uint16_t queue, rte_mbuf** packets, std::uint16_t,
                              std::uint16_t, void* self) {
    auto& waiting = static_cast<Device*>(self)->waiting_[queue];
    if (waiting.empty()) return 0;
    packets[0] = waiting.front();
    waiting.pop_front();
    return 1;
}

std::uint16_t Device::send(std::uint16_t, std::uint16_t, rte_mbuf** packets, std::uint16_t count,
                           void* self) {
    for (std::uint16_t i = 0; i < count; ++i) {
        const auto* bytes = rte_pktmbuf_mtod(packets[i], const std::uint8_t*);
        static_cast<Device*>(self)->sent_.emplace_back(bytes, bytes + packets[i]->data_len);
    }
    return count;
}

} // namespace lbd::model
