// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/engine_options.h"

namespace lbd::control {

namespace {

// What EAL's --vdev takes for a port, and what DPDK calls the port then.
std::string virtual_device(const config::Device& device, std::size_t index, unsigned queues) {
    const std::string number = std::to_string(index);
    const std::string count = std::to_string(queues);
    switch (device.kind) {
        case config::Device::Kind::af_xdp:
            return "net_af_xdp" + number + ",iface=" + device.name +
                   ",start_queue=0,queue_count=" + count;
        case config::Device::Kind::af_packet:
            return "net_af_packet" + number + ",iface=" + device.name + ",qpairs=" + count +
                   ",qdisc_bypass=1";
        case config::Device::Kind::vdev:
            return device.name;
        case config::Device::Kind::pci:
            break;
    }
    return {};
}

} // namespace

bool is_kernel_interface(const config::Device& device) {
    return device.kind == config::Device::Kind::af_xdp ||
           device.kind == config::Device::Kind::af_packet;
}

dataplane::EngineOptions engine_options(const config::Config& config) {
    dataplane::EngineOptions options;
    options.eal.name = config.name;
    options.eal.hugepages = config.memory.hugepages;
    options.eal.capture = config.capture && config.memory.hugepages;
    options.eal.megabytes = config.memory.megabytes;
    options.eal.control_core = config.control.core;
    options.eal.worker_cores = config.workers.cores;
    options.eal.workers = config.workers.count;
    options.ipv4 = {config.memory.flows, config.memory.persistence_entries};
    options.ipv6 = {config.memory.flows6, config.memory.persistence_entries6};
    options.fragments = config.memory.fragments;
    for (const config::Network& network : config::networks(config))
        options.interfaces.push_back(
            {static_cast<std::uint16_t>(network.port), network.vlan, network.mtu});
    options.synchronise = config.sync.has_value();
    options.sleep_when_idle = config.workers.idle == config::Workers::Idle::sleep;
    for (std::size_t index = 0; index < config.ports.size(); ++index) {
        const config::Port& port = config.ports[index];
        dataplane::PortSettings settings;
        if (port.device.kind == config::Device::Kind::pci) {
            options.eal.pci_devices.push_back(port.device.name);
            settings.device = port.device.name;
        } else {
            const std::string device = virtual_device(port.device, index, config.workers.count);
            options.eal.virtual_devices.push_back(device);
            settings.device = device.substr(0, device.find(','));
        }
        settings.queues = static_cast<std::uint16_t>(config.workers.count);
        settings.rx_descriptors = port.rx_descriptors;
        settings.tx_descriptors = port.tx_descriptors;
        settings.mtu = port.mtu;
        settings.packet_buffers = config.memory.packet_buffers;
        options.ports.push_back(settings);
    }
    return options;
}

} // namespace lbd::control
