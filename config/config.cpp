// SPDX-License-Identifier: BSD-3-Clause
#include "config/config.h"

namespace lbd::config {

std::vector<Network> networks(const Config& config) {
    std::vector<Network> all;
    for (std::size_t index = 0; index < config.ports.size(); ++index) {
        const Port& port = config.ports[index];
        all.push_back({.name = port.name,
                       .port = index,
                       .vlan = 0,
                       .addresses = port.addresses,
                       .gateway = port.gateway,
                       .gateway6 = port.gateway6,
                       .mtu = port.mtu});
        for (const Vlan& vlan : port.vlans) {
            all.push_back({.name = vlan.name,
                           .port = index,
                           .vlan = vlan.id,
                           .addresses = vlan.addresses,
                           .gateway = vlan.gateway,
                           .gateway6 = vlan.gateway6,
                           .mtu = port.mtu});
        }
    }
    return all;
}

} // namespace lbd::config
