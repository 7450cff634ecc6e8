// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/host_interfaces.h"

#include <algorithm>
#include <system_error>

#include "lb/control/engine_options.h"
#include "lb/control/log.h"
#include "lb/control/packet_sockets.h"

namespace lbd::control {

namespace {

Tap::Addresses sorted_addresses(const config::Network& network,
                                const std::vector<config::Service>& services) {
    Tap::Addresses addresses;
    for (const config::Prefix& prefix : network.addresses) {
        const bool of_service = std::any_of(
            services.begin(), services.end(),
            [&](const config::Service& service) { return service.address == prefix.address; });
        (of_service ? addresses.of_services : addresses.own).push_back(prefix);
    }
    return addresses;
}

const KernelPort* carrier_of(const KernelPorts& kernel_ports, const config::Port& port) {
    for (const auto& kernel_port : kernel_ports)
        if (kernel_port->interface() == port.device.name) return kernel_port.get();
    return nullptr;
}

} // namespace

KernelPorts open_kernel_ports(Rtnetlink& netlink, const config::Config& config) {
    KernelPorts ports;
    for (const config::Port& port : config.ports) {
        if (!is_kernel_interface(port.device)) continue;
        const auto driver = port.device.kind == config::Device::Kind::af_xdp
                                ? KernelPort::Driver::af_xdp
                                : KernelPort::Driver::af_packet;
        ports.push_back(
            std::make_unique<KernelPort>(netlink, port.device.name, driver, config.workers.count));
        for (const std::string& warning : ports.back()->warnings()) log(LogLevel::warning, warning);
    }
    return ports;
}

HostInterfaces::HostInterfaces(Rtnetlink& netlink, dataplane::Engine& engine,
                               const KernelPorts& kernel_ports, const config::Config& config)
    : engine_(engine) {
    for (const config::Port& port : config.ports)
        if (port.device.kind == config::Device::Kind::af_packet)
            widen_packet_sockets(port.device.name);
    for (const config::Network& network : config::networks(config)) {
        carriers_.push_back(carrier_of(kernel_ports, config.ports[network.port]));
        open(netlink, config, network);
    }
    links_.resize(taps_.size());
}

void HostInterfaces::open(Rtnetlink& netlink, const config::Config& config,
                          const config::Network& network) {
    taps_.push_back(std::make_unique<Tap>(netlink, network.name, mac_of(taps_.size()), network.mtu,
                                          sorted_addresses(network, config.services)));
    for (const auto& gateway : {network.gateway, network.gateway6}) {
        if (!gateway) continue;
        if (const auto error = netlink.set_default_route(taps_.back()->index(), *gateway))
            throw std::system_error(error, network.name + ": default route");
    }
}

config::MacAddress HostInterfaces::mac_of(std::size_t interface) const {
    config::MacAddress mac;
    const rte_ether_addr& own = engine_.port_of(interface).mac();
    std::copy_n(own.addr_bytes, mac.bytes.size(), mac.bytes.begin());
    return mac;
}

std::size_t HostInterfaces::index_of(const std::string& name) const {
    return static_cast<std::size_t>(
        std::find_if(taps_.begin(), taps_.end(),
                     [&](const auto& tap) { return tap->name() == name; }) -
        taps_.begin());
}

std::size_t HostInterfaces::of_companion(unsigned kernel_index) const {
    return static_cast<std::size_t>(
        std::find_if(taps_.begin(), taps_.end(),
                     [&](const auto& tap) { return tap->index() == kernel_index; }) -
        taps_.begin());
}

std::vector<Tap*> HostInterfaces::taps() const {
    std::vector<Tap*> taps;
    for (const auto& tap : taps_) taps.push_back(tap.get());
    return taps;
}

void HostInterfaces::take_virtual_mac(const std::string& name, const config::MacAddress& mac,
                                      bool taken) {
    const std::size_t interface = index_of(name);
    dataplane::Port& port = engine_.port_of(interface);
    if (taken)
        mac_holders_.emplace(interface, mac.bytes);
    else
        mac_holders_.erase({interface, mac.bytes});
    const bool held =
        std::any_of(mac_holders_.begin(), mac_holders_.end(), [&](const MacHolder& holder) {
            return holder.second == mac.bytes && &engine_.port_of(holder.first) == &port;
        });
    rte_ether_addr address{};
    std::copy(mac.bytes.begin(), mac.bytes.end(), address.addr_bytes);
    if (held == taken) port.take_virtual_mac(address, taken);
}

void HostInterfaces::allow_virtual_ipv6(Rtnetlink& netlink,
                                        const std::vector<config::VrrpInstance>& instances) const {
    for (const config::VrrpInstance& instance : instances) {
        const bool any =
            std::any_of(instance.virtual_addresses.begin(), instance.virtual_addresses.end(),
                        [](const config::Prefix& prefix) {
                            return prefix.address.family == config::IpAddress::Family::v6;
                        });
        if (any) tap(instance.port).enable_ipv6(netlink);
    }
}

std::vector<HostFrames> HostInterfaces::frames(
    const std::vector<config::VrrpInstance>& instances) const {
    std::vector<HostFrames> frames;
    for (std::size_t interface = 0; interface < taps_.size(); ++interface) {
        std::vector<config::VrrpInstance> here;
        for (const config::VrrpInstance& instance : instances)
            if (instance.port == taps_[interface]->name()) here.push_back(instance);
        frames.emplace_back(mac_of(interface), here);
    }
    return frames;
}

bool HostInterfaces::links_wait() const {
    return std::any_of(links_.begin(), links_.end(),
                       [](const LinkReturn& link) { return link.waits(); });
}

std::map<std::string, std::string> HostInterfaces::judge_links(
    bool state_received, std::optional<std::uint64_t> attempts, LinkReturn::Clock::time_point now) {
    std::map<std::string, std::string> obstacles;
    for (std::size_t index = 0; index < taps_.size(); ++index)
        obstacles[taps_[index]->name()] =
            links_[index].judge({look_at_link(index), state_received, attempts}, now);
    return obstacles;
}

bool HostInterfaces::look_at_link(std::size_t interface) {
    const KernelPort* carrier = carriers_[interface];
    dataplane::Port& port = engine_.port_of(interface);
    const bool up = (carrier == nullptr || carrier->link_up()) && port.device_link_up();
    port.set_link(up);
    return up;
}

} // namespace lbd::control
