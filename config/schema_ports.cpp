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

namespace {

Field password() {
    auto field = optional(
        "password",
        text("1..8 printable characters without blanks",
             [](std::string_view word) {
                 return !word.empty() && word.size() <= 8 &&
                        std::all_of(word.begin(), word.end(), is_graphic);
             }),
        "no authentication",
        "keepalived's auth_type PASS, VRRP version 2 only. It protects against mistakes, not "
        "against attackers: everybody on the link can read it.");
    field.secret = true;
    return field;
}

} // namespace

const Section& vrrp() {
    static const Section section{
        "A virtual router, RFC 9568 or 3768: its addresses are at one of several directors.",
        {
            required("name", label(), "Names the instance in lbctl(8) and the log."),
            optional("port", interface_name(), "the first port or VLAN with an IPv4 address",
                     "The port or VLAN it speaks on."),
            value("version", word({"2", "3"}), "3", "The version of VRRP; all peers use the same."),
            required("vrid", number(1, 255),
                     "The virtual router identifier; the same at all peers, unique on the link."),
            value("priority", number(1, 255), "100",
                  "The highest becomes master. 255 is for the owner of the addresses."),
            value("state", word({"master", "backup"}), "backup",
                  "The state to start in. master has a meaning only with priority 255; an election "
                  "decides otherwise."),
            value("interval", duration(10ms, 255s, 10ms), "1s",
                  "Between advertisements. Version 2: whole seconds, 1s..255s. Version 3: "
                  "multiples of 10ms, 10ms..40950ms."),
            value("preempt", boolean(), "true", "Take over from a master with a lower priority."),
            value("preempt_delay", duration(0s, 1000s), "0s",
                  "After start, wait so long before taking over from a lower priority."),
            password(),
            required_values(
                "virtual_addresses", prefix(),
                "The addresses of the virtual router; without a prefix length, /32 or /128. "
                "At least one is IPv4, and the advertisements carry only these: VRRP "
                "over IPv6 is not there yet. IPv6 addresses move along with them."),
            value("garp_repeat", number(0, 100), "5",
                  "Gratuitous ARPs or neighbour advertisements for each address on becoming "
                  "master, and as many again after "
                  "garp_delay."),
            value("garp_delay", duration(0s, 3600s), "5s", "See garp_repeat."),
            value("garp_refresh", duration(0s, 86'400s), "0s",
                  "Repeat them so often while master; 0s: never."),
        }};
    return section;
}

} // namespace lbd::config::parts
