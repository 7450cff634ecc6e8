// SPDX-License-Identifier: BSD-3-Clause
#include "config/schema.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace lbd::config {

namespace {

using namespace std::chrono_literals;

using Shape = Field::Shape;
using Text = std::string;

Field value(Text key, Type type, Text fallback, Text documentation) {
    return {.key = std::move(key),
            .type = std::move(type),
            .fallback = std::move(fallback),
            .documentation = std::move(documentation)};
}

Field required(Text key, Type type, Text documentation) {
    auto field = value(std::move(key), std::move(type), "", std::move(documentation));
    field.required = true;
    return field;
}

Field optional(Text key, Type type, Text without, Text documentation) {
    auto field = value(std::move(key), std::move(type), "", std::move(documentation));
    field.fallback_words = std::move(without);
    return field;
}

Field values(Text key, Type type, Text without, Text documentation) {
    auto field =
        optional(std::move(key), std::move(type), std::move(without), std::move(documentation));
    field.shape = Shape::values;
    return field;
}

Field required_values(Text key, Type type, Text documentation) {
    auto field = values(std::move(key), std::move(type), "", std::move(documentation));
    field.required = true;
    return field;
}

Field nested(Shape shape, Text key, const Section& section, Text documentation) {
    return {.key = std::move(key),
            .shape = shape,
            .section = &section,
            .documentation = std::move(documentation)};
}

Type word_of(Text characters, std::size_t longest) {
    return text("1.." + std::to_string(longest) + " of A-Z a-z 0-9 " + characters,
                [characters, longest](std::string_view word) {
                    return !word.empty() && word.size() <= longest &&
                           std::all_of(word.begin(), word.end(), [&](char character) {
                               return std::isalnum(static_cast<unsigned char>(character)) != 0 ||
                                      characters.find(character) != Text::npos;
                           });
                });
}

Type label() {
    return word_of("_-.", 63);
}

// Linux: dev_valid_name() and IFNAMSIZ.
Type interface_name() {
    const auto type = word_of("_-.", 15);
    return text(type.allowed + ", not . or ..", [type](std::string_view name) {
        return type.parse(name).has_value() && name != "." && name != "..";
    });
}

bool is_graphic(char character) {
    return character > ' ' && character <= '~';
}

// Linux: sun_path has 108 bytes with its NUL.
bool is_socket_path(std::string_view path) {
    return path.size() > 1 && path.size() <= 107 && path.front() == '/' && path.back() != '/' &&
           std::all_of(path.begin(), path.end(), is_graphic);
}

const Section& workers() {
    static const Section section{
        "The threads that forward packets.",
        {
            optional("count", number(1, 64), "the number of cores, else 1",
                     "How many workers, each with a queue of every port."),
            values("cores", number(0, 1023), "workers are not pinned",
                   "The cores to pin the workers to, one for each. Isolate them (isolcpus) from "
                   "everything else."),
            value("idle", word({"poll", "sleep"}), "poll",
                  "What a worker does when no packet comes: poll keeps its core busy and answers "
                  "fastest, sleep leaves the core to others."),
        }};
    return section;
}

const Section& memory() {
    static const Section section{
        "Fixed at start; nothing grows later.",
        {
            value("hugepages", boolean(), "true",
                  "Take memory from hugepages. Without them everything works, slower."),
            value("megabytes", number(0, 1'048'576), "0",
                  "Memory to reserve, in MiB; 0: as much as tables and packet buffers need."),
            value("packet_buffers", number(0, 16'777'216), "0",
                  "Packet buffers of each port; 0: from descriptors and workers."),
            value("flows", number(1024, 134'217'728), "1048576",
                  "Connections each worker can remember."),
            value("persistence_entries", number(1024, 134'217'728), "262144",
                  "Clients each worker can remember for persistence."),
        }};
    return section;
}

const Section& control() {
    static const Section section{
        "The thread that runs VRRP, health checks and the control socket.",
        {
            optional(
                "socket",
                text("an absolute path of at most 107 characters without blanks", is_socket_path),
                "/run/lbd/<name>.sock", "Where lbctl(8) reaches the director."),
            optional("group", word_of("_-.", 32), "root only",
                     "A group whose members may use the control socket besides root."),
            optional("core", number(0, 1023), "not pinned",
                     "The core to pin the control thread to; not one of the workers'."),
            value("realtime_priority", number(0, 99), "50",
                  "SCHED_FIFO priority, so that VRRP is in time on a busy machine; 0: ordinary "
                  "scheduling."),
        }};
    return section;
}

const Section& port() {
    static const Section section{
        "A network device that lbd drives, and its companion interface in the kernel.",
        {
            value("name", interface_name(), "lb0",
                  "The companion interface: where ip(8), ping(8) and tcpdump(8) see the port."),
            required("device", device(),
                     "What to drive: a NIC bound to vfio-pci, a Linux interface through AF_XDP or "
                     "a packet socket, or any other DPDK virtual device."),
            required_values("addresses", prefix(),
                            "The director's own addresses, put on the companion interface. "
                            "Backends must be in one of these subnets."),
            optional("gateway", ip_address(), "no default route",
                     "The host's default route through this port."),
            value("mtu", number(576, 9600), "1500", "The largest packet, in bytes."),
            value("rx_descriptors", number(64, 32'768), "1024",
                  "Length of each receive queue. Longer survives bursts, shorter is kinder to the "
                  "cache."),
            value("tx_descriptors", number(64, 32'768), "1024", "Length of each transmit queue."),
        }};
    return section;
}

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

const Section& vrrp() {
    static const Section section{
        "A virtual router, RFC 9568 or 3768: its addresses are at one of several directors.",
        {
            required("name", label(), "Names the instance in lbctl(8) and the log."),
            optional("port", interface_name(), "the first port", "The port it speaks on."),
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
            required_values("virtual_addresses", prefix(),
                            "The addresses of the virtual router; without a prefix length, /32."),
            value("garp_repeat", number(0, 100), "5",
                  "Gratuitous ARPs for each address on becoming master, and as many again after "
                  "garp_delay."),
            value("garp_delay", duration(0s, 3600s), "5s", "See garp_repeat."),
            value("garp_refresh", duration(0s, 86'400s), "0s",
                  "Repeat gratuitous ARPs so often while master; 0s: never."),
        }};
    return section;
}

const Section& timeouts() {
    constexpr auto week = 604'800s;
    static const Section section{
        "How long a connection without packets is remembered. Only the client's packets are seen, "
        "as the backend answers directly. At the top level these are the defaults of all services; "
        "a service may override each.",
        {
            value("tcp_established", duration(1s, week), "900s", "Established."),
            value("tcp_syn", duration(1s, week), "60s", "Only the client's SYN was seen."),
            value("tcp_fin", duration(1s, week), "120s", "The client has sent its FIN."),
            value("tcp_close", duration(1s, week), "10s", "After a RST."),
            value("udp", duration(1s, week), "300s", "UDP."),
        }};
    return section;
}

const Section& health() {
    static const Section section{
        "How backends are checked. At the top level these are the defaults of all services; a "
        "service may override each, and a backend may override its service's.",
        {
            optional("type", word({"none", "tcp"}),
                     "tcp; for a udp service none unless the service or backend says tcp",
                     "tcp: a connection can be opened. none: always up."),
            value("interval", duration(10ms, 3600s, 1ms), "2s", "Between checks."),
            value("connect_timeout", duration(10ms, 300s, 1ms), "1s",
                  "When a check without an answer has failed."),
            value("retries", number(0, 100), "2",
                  "Further attempts before a backend that is up is called down."),
            value("delay_before_retry", duration(0s, 3600s, 1ms), "1s", "Between these attempts."),
            value("rise", number(1, 100), "1",
                  "Successes in a row before a backend that is down is called up."),
            value("initially_up", boolean(), "false",
                  "Send connections to a new backend before its first check, as keepalived does "
                  "without alpha."),
            optional("port", number(1, 65'535), "the backend's", "The port to check."),
        }};
    return section;
}

const Section& backend() {
    static const Section section{
        "A server. It holds the service's address on its loopback interface and must not answer "
        "ARP for it.",
        {
            required("address", ip_address(), "Its own address, in a subnet of the port."),
            optional("port", number(1, 65'535), "the service's",
                     "Must be the service's port: Direct Routing cannot change it."),
            value("weight", number(0, 65'535), "1",
                  "Its share of new connections; 0: none, while existing ones go on."),
            optional("mac", mac_address(), "found by ARP", "Its MAC address."),
            nested(Shape::overrides, "health", health(), "What differs from the service's checks."),
        }};
    return section;
}

const Section& service() {
    static const Section section{
        "A virtual service: connections to one address and port, shared among backends.",
        {
            required("name", label(), "Names the service in lbctl(8) and the log."),
            optional("behind", interface_name(), "the first port whose subnets hold the backends",
                     "The port behind which the backends are."),
            required("address", ip_address(), "The address that clients use."),
            required("port", number(1, 65'535), "The port that clients use."),
            value("protocol", word({"tcp", "udp"}), "tcp", "tcp or udp."),
            value("scheduler", word({"rr", "wrr"}), "wrr",
                  "rr: backends in turn. wrr: in proportion to their weights, interleaved."),
            value("persistence", duration(0s, 2'592'000s), "0s",
                  "For so long after its last connection a client gets the same backend; 0s: "
                  "each connection is scheduled on its own."),
            value("persistence_prefix", number(1, 32), "32",
                  "Clients that share so many leading bits share a backend."),
            value("on_no_backend", word({"drop", "reject"}), "drop",
                  "What a client gets when no backend is up: nothing, or a RST or ICMP port "
                  "unreachable."),
            value("on_unknown_tcp", word({"hash", "drop", "schedule"}), "hash",
                  "A TCP packet in the middle of a connection that is not remembered: hash sends "
                  "it to the backend its addresses and ports hash to, schedule treats it as a new "
                  "connection."),
            value("on_backend_down", word({"reschedule", "keep", "reset"}), "reschedule",
                  "Connections of a backend that went down: another backend, the same one, or a "
                  "RST to the client."),
            nested(Shape::overrides, "timeouts", timeouts(), "What differs from the global ones."),
            nested(Shape::overrides, "health", health(), "What differs from the global checks."),
            nested(Shape::sections, "backends", backend(), "The servers."),
        }};
    return section;
}

} // namespace

const Field* Section::find(std::string_view key) const {
    const auto found = std::find_if(fields.begin(), fields.end(),
                                    [&](const Field& field) { return field.key == key; });
    return found == fields.end() ? nullptr : &*found;
}

std::vector<std::string> Section::keys() const {
    std::vector<std::string> keys;
    for (const auto& field : fields) {
        keys.push_back(field.key);
    }
    return keys;
}

const Section& schema() {
    static const Section section = [] {
        auto ports = nested(Shape::sections, "ports", port(), "The network devices.");
        ports.required = true;
        return Section{
            "",
            {value("name", word_of("_-", 32), "lbd",
                   "Tells several directors on one machine apart."),
             nested(Shape::section, "workers", workers(), "The threads that forward packets."),
             nested(Shape::section, "memory", memory(), "Sizes of tables and packet buffers."),
             nested(Shape::section, "control", control(), "The control plane."), ports,
             nested(Shape::sections, "vrrp", vrrp(), "Virtual routers."),
             nested(Shape::section, "timeouts", timeouts(), "Defaults of all services."),
             nested(Shape::section, "health", health(), "Defaults of all services."),
             nested(Shape::sections, "services", service(), "Virtual services.")}};
    }();
    return section;
}

} // namespace lbd::config
