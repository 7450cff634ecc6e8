// SPDX-License-Identifier: BSD-3-Clause
// What a configuration file says, validated and with every default filled in. Plain values: once
// loaded a Config never changes, so any thread may read it.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/address.h"
#include "config/secret.h"

namespace lbd::config {

using Milliseconds = std::chrono::milliseconds;
using Seconds = std::chrono::seconds;

// The one line that says which device a port drives, as the user writes it:
//   0000:3b:00.0        a PCI NIC bound to vfio-pci
//   af_xdp:eth1         a Linux interface through an AF_XDP socket
//   af_packet:eth1      a Linux interface through a packet socket
//   vdev:net_pcap0,...  any other DPDK virtual device, arguments as for EAL's --vdev
struct Device {
    enum class Kind { pci, af_xdp, af_packet, vdev };
    Kind kind;
    std::string name; // what follows the colon; the whole text for a PCI address
    bool operator==(const Device&) const = default;
};

// A tagged network on a port (802.1Q), with a companion interface of its own in the kernel. Its
// name stands wherever a port's does.
struct Vlan {
    std::string name; // default: <port>.<id>
    std::uint16_t id; // 1..4094
    std::vector<Prefix> addresses;
    std::optional<IpAddress> gateway;  // IPv4
    std::optional<IpAddress> gateway6; // IPv6
    bool operator==(const Vlan&) const = default;
};

struct Port {
    std::string name; // of the companion interface in the kernel, e.g. lb0
    Device device;
    std::vector<Prefix> addresses;    // the director's own, put on the companion interface; may be
                                      // empty if the port has VLANs
    std::optional<IpAddress> gateway; // IPv4 default route of the host through this port
    std::optional<IpAddress> gateway6 = {}; // IPv6 default route
    std::vector<Vlan> vlans = {};
    std::uint16_t mtu;
    std::uint16_t rx_descriptors;
    std::uint16_t tx_descriptors;
    bool operator==(const Port&) const = default;
};

struct Workers {
    enum class Idle { poll, sleep }; // sleep: leave the core when no packet comes
    unsigned count;
    std::vector<unsigned> cores; // empty: not pinned; else exactly `count` of them
    Idle idle;
    bool operator==(const Workers&) const = default;
};

struct Memory {
    bool hugepages;
    unsigned megabytes;                         // 0: as much as the tables and packet buffers need
    unsigned packet_buffers;                    // mbufs per port, 0: from descriptors and workers
    std::uint32_t flows;                        // per worker
    std::uint32_t persistence_entries;          // per worker
    std::uint32_t flows6 = 262144;              // per worker, IPv6
    std::uint32_t persistence_entries6 = 65536; // per worker, IPv6
    std::uint32_t fragments = 4096;             // fragmented datagrams under way, per worker
    bool operator==(const Memory&) const = default;
};

struct Control {
    std::string socket;           // path of the control socket
    std::string group;            // may use it besides root; empty: root only
    std::optional<unsigned> core; // pin the control thread here
    unsigned realtime_priority;   // SCHED_FIFO priority, 0: ordinary scheduling
    bool core_dumps = false;
    // What scripts may do as root beside what lbd itself may: "dac_override".
    std::vector<std::string> script_capabilities = {};
    bool operator==(const Control&) const = default;
};

struct VrrpAuthentication {
    Secret password; // PASS, RFC 2338 5.3.6.1: at most 8 characters
    bool operator==(const VrrpAuthentication&) const = default;
};

// What is told of: of a backend up and down, of a service its quorum, of a VRRP instance its state.
enum class Occasion : std::uint8_t {
    up,
    down,
    quorum_lost,
    quorum_regained,
    master,
    backup,
    fault,
    stop,
};
constexpr std::array<std::string_view, 8> occasion_words{
    "up", "down", "quorum_lost", "quorum_regained", "master", "backup", "fault", "stop"};
enum class Subject : std::uint8_t { backend, service, vrrp };
constexpr Subject subject_of(Occasion occasion) {
    return occasion <= Occasion::down              ? Subject::backend
           : occasion <= Occasion::quorum_regained ? Subject::service
                                                   : Subject::vrrp;
}

// A program that is told of changes.
struct NotifyScript {
    std::vector<std::string> script; // an absolute path and arguments
    std::vector<Occasion> on;        // in the order of the enumeration
    std::string user;                // whose rights it has; empty: lbd's
    Milliseconds timeout;            // after which it is killed
    auto operator<=>(const NotifyScript&) const = default;
};

struct NotifyMail {
    std::string from;
    std::vector<std::string> to; // at least one
    std::string server;          // address or name
    std::uint16_t port;
    std::string helo;     // empty: the host's name
    Milliseconds timeout; // of a whole delivery
    Milliseconds collect; // what happens within goes into one mail, and there is no other meanwhile
    bool operator==(const NotifyMail&) const = default;
};

// Of every backend, service and VRRP instance.
struct Notifications {
    std::vector<NotifyScript> scripts = {};
    std::string syslog = {}; // a facility; empty: no syslog
    std::optional<NotifyMail> mail = {};
    bool operator==(const Notifications&) const = default;
};

// What takes part in deciding who is master (keepalived: track_interface, track_script).
struct VrrpTrack {
    enum class Kind { port, workers, service, script };
    Kind kind;
    std::string name;                // of the port or service
    std::vector<std::string> script; // an absolute path and arguments
    unsigned minimum;                // live backends of the service
    std::uint8_t lower_priority_by;  // while it fails; 0: the instance is in FAULT
    Milliseconds interval;           // of the script
    Milliseconds timeout;            // after which it has failed
    unsigned rise, fall;             // runs in a row before it counts as well, or failed
    bool operator==(const VrrpTrack&) const = default;
};

struct VrrpInstance {
    std::string name;
    std::string port;         // name of a Port or Vlan
    IpAddress::Family family; // of the adverts: version 2 is IPv4's
    unsigned version;         // 2 or 3
    std::uint8_t vrid;        // 1..255
    std::uint8_t priority;    // 1..255
    Milliseconds interval;    // v2: whole seconds; v3: multiples of 10 ms
    bool preempt;
    Seconds preempt_delay;
    bool start_as_master; // keepalived's `state MASTER`; matters for priority 255 only
    std::optional<VrrpAuthentication> authentication; // v2 only
    std::vector<Prefix> virtual_addresses; // the adverts carry those of `family`, at least one
    unsigned garp_repeat; // gratuitous ARPs per address at once, and again after garp_delay
    Seconds garp_delay;
    Seconds garp_refresh;                 // 0: never
    std::optional<IpAddress> source = {}; // to speak from; none: the port's link-local one
    std::vector<IpAddress> peers = {};    // adverts go to these; empty: to the multicast group
    std::uint8_t min_ttl = 255;           // of adverts received
    bool virtual_mac = false;             // frames from the addresses come from the VRID's own MAC
    bool accept = true;                   // the host takes packets for the addresses
    std::string group = {};               // instances of a group are master together; empty: none
    std::vector<VrrpTrack> track = {};
    std::vector<NotifyScript> notify = {};
    bool operator==(const VrrpInstance&) const = default;
};

// What connections go through a director is told to its peers.
struct Sync {
    IpAddress address;                  // the director's own, to speak from
    std::vector<IpAddress> peers;       // of its family; empty with a group
    std::optional<IpAddress> multicast; // IPv4
    std::uint16_t udp_port;
    Secret key;         // of the HMAC
    std::uint32_t rate; // entries a second of a full transfer
    bool operator==(const Sync&) const = default;
};

// A page that a web server is asked for.
struct HealthPage {
    std::string path;
    std::vector<std::pair<unsigned, unsigned>> statuses; // ranges that are well, ends included
    std::string match;  // RE2 that must be found in the body; empty: none
    std::string digest; // of the body: 32 hexadecimal digits of MD5 or 64 of SHA-256; empty: none
    bool operator==(const HealthPage&) const = default;
};

struct HealthTls {
    std::string name;        // SNI, and what a certificate must be for; empty: the host
    bool verify = false;     // the server's certificate
    std::string authorities; // file; empty: the system's
    std::string certificate; // file of a client certificate; empty: none
    std::string key;         // file
    bool operator==(const HealthTls&) const = default;
};

struct HealthCheck {
    // vip: the backend accepts the service's address, asked for by its MAC address.
    enum class Kind { tcp, http, https, smtp, udp, dns, ping, script, vip };
    Kind kind;
    Milliseconds interval;
    Milliseconds connect_timeout; // of the whole check
    unsigned retries;             // further attempts before an up backend is called down
    Milliseconds delay_before_retry;
    unsigned rise;     // successes in a row before a down backend is called up
    bool initially_up; // keepalived's default; ours is down until proven up (its `alpha`)
    std::optional<std::uint16_t> port = {}; // instead of the backend's
    Milliseconds warmup{500};               // over which first checks are spread
    std::vector<IpAddress> sources = {};    // where checks come from, one a family; else as routed
    // What only some kinds look at.
    std::optional<IpAddress> address = {}; // instead of the backend's
    std::string host = {};                 // http, https: the virtual host
    bool http_1_0 = false;
    std::vector<HealthPage> pages = {}; // at least one
    HealthTls tls = {};
    std::string helo = "localhost";       // smtp
    std::string payload = {};             // udp: bytes
    bool answer_required = false;         // udp
    std::string query_name = ".";         // dns
    std::string query_type = "SOA";       // dns
    std::vector<std::string> script = {}; // an absolute path and arguments
    std::string user = {};                // of the script; empty: lbd's
    bool operator==(const HealthCheck&) const = default;
};

// How packets reach a backend: by its MAC address on a shared network (Direct Routing), or in an
// IP-in-IP (RFC 2003, 2473, 4213) or Generic UDP Encapsulation tunnel (draft-ietf-intarea-gue,
// variant 0), also behind a router.
enum class Forwarding { dr, ipip, gue };

struct Backend {
    IpAddress address;
    std::uint16_t port;              // equals the service's: Direct Routing does not change ports
    std::uint32_t weight;            // 0: no new connections
    std::optional<MacAddress> mac;   // of the next hop; overrides the neighbour table
    std::vector<HealthCheck> checks; // all of which must succeed; none: the backend counts as up
    Forwarding forwarding = Forwarding::dr; // the service's unless it says otherwise
    std::uint16_t gue_port = 6080;          // the service's unless it says otherwise
    // IPVS u_threshold and l_threshold: no new connections from `upper_threshold` connections on,
    // until there are fewer than `lower_threshold`. 0: no limit.
    std::uint32_t upper_threshold = 0;
    std::uint32_t lower_threshold = 0;     // 0 only if the upper one is
    bool sorry = false;                    // takes new connections only while the quorum is lost
    std::string port_name = {};            // the Port or Vlan it is reached through
    std::optional<IpAddress> gateway = {}; // next hop if it is on none of that network's subnets;
                                           // tunnels only
    std::vector<NotifyScript> notify = {};
    bool operator==(const Backend&) const = default;
};

struct Timeouts { // IPVS: ip_vs_proto_tcp.c, Direct Routing column
    Seconds tcp_established;
    Seconds tcp_syn;
    Seconds tcp_fin;
    Seconds tcp_close;
    Seconds udp;
    Seconds tcp_time_wait{120}; // the client closed before its connection was established
    bool operator==(const Timeouts&) const = default;
};

enum class Protocol : std::uint8_t { tcp = 6, udp = 17 };
enum class Scheduler { rr, wrr, lc, wlc, sh, mh };
enum class NoBackend { drop, reject };                  // reject: TCP RST or ICMP port unreachable
enum class UnknownTcp { hash, drop, schedule, reset };  // a non-SYN packet without a flow
enum class BackendDown { reschedule, keep, reset };     // packets of flows whose backend is down
enum class BackendRemoved { drain, reset, reschedule }; // ... is no longer configured
// New connections of clients that are bound to a backend of weight 0.
enum class PersistenceDrained { honour, move };

// Excess is dropped and counted. 0: no limit.
struct Limits {
    std::uint32_t connections_per_client = 0; // new ones a second from one client network
    std::uint8_t client_prefix = 32;          // what is one network; IPv6 default 128
    bool operator==(const Limits&) const = default;
};

struct Service {
    std::string name;
    std::string port_name; // the Port or Vlan behind which its backends are; the first for which
                           // no other is said
    IpAddress address;
    std::uint16_t port; // 0: every port of the address that no other service has (`port: any`)
    Protocol protocol;
    Scheduler scheduler;
    Seconds persistence;             // 0: none
    std::uint8_t persistence_prefix; // clients within this prefix share a backend
    NoBackend on_no_backend;
    UnknownTcp on_unknown_tcp;
    BackendDown on_backend_down;
    Timeouts timeouts;
    std::vector<Backend> backends;
    bool hash_port = false; // sh and mh: of the client's port, too (IPVS sh-port, mh-port)
    PersistenceDrained persistence_while_drained = PersistenceDrained::honour;
    BackendRemoved on_backend_removed = BackendRemoved::drain;
    std::uint32_t quorum = 1;     // weights of backends that are up, in all, or none of them serves
    std::uint32_t hysteresis = 0; // about the quorum
    unsigned ignore_checks_below_percent = 0; // of backends that are up; 0: never
    unsigned suspect_below_percent = 50;      // of new connections with a second packet; 0: never
    Seconds slow_start{0};      // over which the weight of a backend that has come up grows
    bool decrement_ttl = false; // true: as a router does, and IPVS; ends loops
    Limits limits = {};
    std::vector<NotifyScript> notify = {}; // of the quorum
    bool omega = false; // a clean stop is told to scripts as backends down and quorum lost
    bool operator==(const Service&) const = default;
};

// Where Prometheus asks.
struct Metrics {
    IpAddress listen;
    std::uint16_t port;
    bool operator==(const Metrics&) const = default;
};

struct Config {
    std::string name; // tells several directors on one machine apart
    Workers workers;
    Memory memory;
    Control control;
    std::vector<Port> ports;
    std::vector<VrrpInstance> vrrp;
    std::vector<Service> services;
    std::optional<Sync> sync = {};
    Notifications notifications = {};
    std::optional<Metrics> metrics = {};
    bool capture = false; // dpdk-dumpcap may attach
    bool operator==(const Config&) const = default;
};

// What a companion interface of the kernel stands for: a port's untagged network or one of its
// VLANs. VRRP instances, services and backends name it.
struct Network {
    std::string name;
    std::size_t port;              // index into Config::ports
    std::uint16_t vlan;            // 0: untagged
    std::vector<Prefix> addresses; // only a port with VLANs may have none
    std::optional<IpAddress> gateway;
    std::optional<IpAddress> gateway6;
    std::uint16_t mtu; // the port's
    bool operator==(const Network&) const = default;
};

// Each port's untagged network and then its VLANs, in the order of the file.
std::vector<Network> networks(const Config& config);

} // namespace lbd::config
