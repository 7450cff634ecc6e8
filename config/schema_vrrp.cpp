// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>

#include "config/schema_parts.h"

namespace lbd::config::parts {

using namespace std::chrono_literals;

namespace {

Field password() {
    auto field = optional(
        "password", secret(graphic("1..8 printable characters without blanks", 8)),
        "no authentication",
        "keepalived's auth_type PASS, VRRP version 2 only. It protects against mistakes, not "
        "against attackers: everybody on the link can read it.");
    field.secret = true;
    return field;
}

const Section& track() {
    static const Section section{
        "Something without which this director should not be master. It is one of port, service, "
        "script and workers. The link of the instance's own port and the workers are tracked "
        "anyway, and put it into FAULT unless this says otherwise.",
        {
            optional("port", interface_name(), "not a port", "The port whose link must be up."),
            optional("service", label(), "not a service",
                     "The service that must have so many live backends as minimum says."),
            values("script",
                   text("a word of graphic characters",
                        [](std::string_view part) {
                            return !part.empty() &&
                                   std::all_of(part.begin(), part.end(), is_graphic);
                        }),
                   "not a script",
                   "An absolute path and arguments: a program that must exit with 0. It and its "
                   "directories may be writable for root only. No shell is involved."),
            value("workers", boolean(), "false", "The workers, all of which must poll."),
            with("service", value("minimum", number(1, 65'535), "1", "With service.")),
            optional("lower_priority_by", number(1, 253), "the instance goes to FAULT",
                     "What is taken off the priority while it fails; 1 is the least that remains."),
            with("script", value("interval", duration(100ms, 3600s, 1ms), "1s",
                                 "Between runs of the script.")),
            optional("timeout", duration(10ms, 3600s, 1ms), "the interval",
                     "A script that takes longer has failed, and is killed."),
            with("script", value("rise", number(1, 100), "1",
                                 "Successes of the script in a row after which it is well again.")),
            with("script", value("fall", number(1, 100), "1",
                                 "Failures in a row after which it has failed.")),
        }};
    return section;
}

} // namespace

const Section& vrrp() {
    static const Section section{
        "A virtual router, RFC 9568 or 3768: its addresses are at one of several directors.",
        {
            required("name", label(), "Names the instance in lbctl(1) and the log."),
            optional("port", interface_name(),
                     "the first port or VLAN with an address of the family",
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
                "The advertisements go over, and carry those of, one family: the peers', else IPv4 "
                "if there is any of IPv4. Addresses of the other family move along with them "
                "(keepalived: virtual_ipaddress_excluded)."),
            values("peers", ip_address(), "the multicast group 224.0.0.18 or ff02::12",
                   "The addresses of the other directors: advertisements go to these alone, and "
                   "are taken from these alone (keepalived: unicast_peer)."),
            optional("source", ip_address(),
                     "one of the port in the first peer's subnet, else its first of the family; to "
                     "the group of IPv6 its link-local one",
                     "The port's own address to speak from."),
            optional("min_ttl", number(1, 255), "255, of peers 1",
                     "The least TTL or hop limit an advertisement may arrive with. Less than 255 "
                     "only from peers: keepalived sends IPv6 ones with 64."),
            value("virtual_mac", boolean(), "false",
                  "The virtual addresses have the MAC address 00:00:5e:00:01:<vrid>, of IPv6 "
                  "00:00:5e:00:02:<vrid>, which moves along: nobody's ARP cache has to change. "
                  "Advertisements come from it, too (keepalived: use_vmac)."),
            value("accept", boolean(), "true",
                  "Whether the master's host takes packets for the virtual addresses that are for "
                  "no service: ping, ssh. Services are not affected."),
            optional("group", label(), "alone",
                     "Instances of one group are master together or not at all (keepalived: "
                     "vrrp_sync_group)."),
            nested(Shape::sections, "track", track(),
                   "What else decides whether this director may be master."),
            nested(Shape::sections, "notify", notify(),
                   "Programs that are told of its state (keepalived: notify, notify_master, "
                   "notify_backup, notify_fault, notify_stop)."),
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
