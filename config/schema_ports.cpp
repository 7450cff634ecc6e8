// SPDX-License-Identifier: BSD-3-Clause
#include "config/schema_parts.h"

#include <algorithm>
#include <utility>

namespace lbd::config::parts {

using namespace std::chrono_literals;

namespace {

std::vector<Field> gateways() {
    return {optional("gateway", ip_address(IpAddress::Family::v4), "no default route",
                     "The host's IPv4 default route through this network, and the way to backends "
                     "in tunnels that are in no subnet."),
            optional("gateway6", ip_address(IpAddress::Family::v6), "no default route",
                     "The same for IPv6. May be a link-local address.")};
}

const Section& vlan() {
    static const Section section = [] {
        Section vlan{
            "A tagged network of the port (802.1Q), with a companion interface of its own.",
            {
                required("id", number(1, 4094), "The VLAN identifier; unique on the port."),
                optional("name", interface_name(), "<port>.<id>", "The companion interface."),
                required_values("addresses", prefix(),
                                "The director's own addresses, put on the companion "
                                "interface."),
            }};
        for (auto& gateway : gateways()) {
            vlan.fields.push_back(std::move(gateway));
        }
        return vlan;
    }();
    return section;
}

} // namespace

const Section& port() {
    static const Section section = [] {
        auto addresses = required_values("addresses", prefix(),
                                         "The director's own addresses, put on the companion "
                                         "interface. Backends of Direct Routing must be in one of "
                                         "these subnets or in a VLAN's.");
        addresses.unless = "vlans";
        Section port{
            "A network device that lbd drives, and its companion interface in the kernel.",
            {
                value("name", interface_name(), "lb0",
                      "The companion interface: where ip(8), ping(8) and tcpdump(8) see the port."),
                required("device", device(),
                         "What to drive: a NIC bound to vfio-pci, a Linux interface through AF_XDP "
                         "or a packet socket, or any other DPDK virtual device."),
                addresses,
                nested(Shape::sections, "vlans", vlan(), "The tagged networks."),
                value("mtu", number(576, 9600), "1500",
                      "The largest packet, in bytes; at least 1280 with IPv6."),
                value("rx_descriptors", number(64, 32'768), "1024",
                      "Length of each receive queue. Longer survives bursts, shorter is kinder to "
                      "the cache."),
                value("tx_descriptors", number(64, 32'768), "1024",
                      "Length of each transmit queue."),
            }};
        auto routes = gateways();
        port.fields.insert(port.fields.begin() + 3, routes.begin(), routes.end());
        return port;
    }();
    return section;
}

} // namespace lbd::config::parts
