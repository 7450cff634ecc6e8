// SPDX-License-Identifier: BSD-3-Clause
#include "config/schema.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "config/schema_parts.h"

namespace lbd::config {

namespace {

using namespace parts;

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
                  "IPv4 connections each worker can remember."),
            value("persistence_entries", number(1024, 134'217'728), "262144",
                  "IPv4 clients each worker can remember for persistence."),
            value("flows6", number(1024, 134'217'728), "262144",
                  "IPv6 connections each worker can remember."),
            value("persistence_entries6", number(1024, 134'217'728), "65536",
                  "IPv6 clients each worker can remember for persistence."),
            value("fragments", number(64, 1'048'576), "4096",
                  "Fragmented datagrams each worker can have under way."),
        }};
    return section;
}

// capabilities(7), as Linux 6.1 has them.
constexpr std::array<std::string_view, 41> capability_names{
    "audit_control",   "audit_read",   "audit_write",
    "block_suspend",   "bpf",          "checkpoint_restore",
    "chown",           "dac_override", "dac_read_search",
    "fowner",          "fsetid",       "ipc_lock",
    "ipc_owner",       "kill",         "lease",
    "linux_immutable", "mac_admin",    "mac_override",
    "mknod",           "net_admin",    "net_bind_service",
    "net_broadcast",   "net_raw",      "perfmon",
    "setfcap",         "setgid",       "setpcap",
    "setuid",          "sys_admin",    "sys_boot",
    "sys_chroot",      "sys_module",   "sys_nice",
    "sys_pacct",       "sys_ptrace",   "sys_rawio",
    "sys_resource",    "sys_time",     "sys_tty_config",
    "syslog",          "wake_alarm"};

Type capability() {
    return text("a name of capabilities(7) without its CAP_, such as dac_override",
                [](std::string_view name) {
                    return std::find(capability_names.begin(), capability_names.end(), name) !=
                           capability_names.end();
                });
}

const Section& control() {
    static const Section section{
        "The thread that runs VRRP, health checks and the control socket.",
        {
            optional(
                "socket",
                text("an absolute path of at most 107 characters without blanks", is_socket_path),
                "/run/lbd/<name>.sock", "Where lbctl(1) reaches the director."),
            optional("group", word_of("_-.", 32), "root only",
                     "A group whose members may use the control socket besides root."),
            optional("core", number(0, 1023), "not pinned",
                     "The core to pin the control thread to; not one of the workers'."),
            value("realtime_priority", number(0, 99), "50",
                  "SCHED_FIFO priority, so that VRRP is in time on a busy machine; 0: ordinary "
                  "scheduling."),
            value("core_dumps", boolean(), "false",
                  "Whether a crash may leave a core dump. Passwords and keys may be in it."),
            values("script_capabilities", capability(), "lbd's own: lbd-security(7)",
                   "What scripts without user may do beside, as capabilities(7) names it."),
        }};
    return section;
}

Field sync_key() {
    auto field = optional(
        "key",
        secret(text("16 to 128 characters without blanks",
                    [](std::string_view key) {
                        return key.size() >= 16 && key.size() <= 128 &&
                               std::all_of(key.begin(), key.end(), is_graphic);
                    })),
        "must be given with peers or multicast",
        "The secret that directors authenticate each other by (HMAC-SHA-256); the same at all. "
        "What they say is not encrypted.");
    field.secret = true;
    return field;
}

const Section& sync() {
    static const Section section{
        "Tells other directors of connections and persistence, so that they go on after a "
        "failover. Nothing is told unless peers or multicast is given.",
        {
            values("peers", ip_address(), "none",
                   "The addresses of the other directors, as they have them under address."),
            optional("multicast", ip_address(IpAddress::Family::v4), "none",
                     "A group, such as 224.0.0.81, instead of peers: whoever has the key takes "
                     "part."),
            optional("address", ip_address(),
                     "the one in the first peer's subnet; with multicast, the first IPv4 one",
                     "The director's own address to speak from, on a port or any other interface."),
            value("udp_port", number(1, 65'535), "8848", "The UDP port, the same at all."),
            sync_key(),
            value("rate", number(1000, 100'000'000), "100000",
                  "Entries a second when a peer that starts is told everything."),
        }};
    return section;
}

const Section& metrics() {
    static const Section section{
        "An HTTP server for Prometheus: GET /metrics, and /healthz, which answers 200 when the "
        "data plane is ready, on a backup as well, whatever VRRP tracks. Without this section "
        "there is none; {} is one with the "
        "defaults.",
        {
            value("listen", ip_address(), "127.0.0.1",
                  "The address to listen on. Whoever reaches it reads everything; 0.0.0.0 and :: "
                  "are all addresses, the virtual ones included."),
            value("port", number(1, 65'535), "9419", "The TCP port."),
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
             nested(Shape::section, "sync", sync(), "Synchronisation of connections."),
             nested(Shape::section, "notifications", notifications(), "Who is told of changes."),
             by_presence(
                 nested(Shape::section, "metrics", metrics(), "The endpoint for Prometheus.")),
             value(
                 "capture", boolean(), "false",
                 "Lets root's dpdk-dumpcap attach to this director's memory, and needs hugepages. "
                 "They are files then while lbd runs, and after a crash they stay taken until it "
                 "starts again."),
             nested(Shape::section, "timeouts", timeouts(), "Defaults of all services."),
             nested(Shape::section, "health", health(), "Defaults of all services."),
             nested(Shape::sections, "services", service(), "Virtual services.")}};
    }();
    return section;
}

} // namespace lbd::config
