// SPDX-License-Identifier: BSD-3-Clause
#include "config/schema_parts.h"

namespace lbd::config::parts {

using namespace std::chrono_literals;

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
            value("tcp_time_wait", duration(1s, week), "120s",
                  "The client has sent its FIN before the connection was established."),
            value("tcp_close", duration(1s, week), "10s", "After a RST."),
            value("udp", duration(1s, week), "300s", "UDP."),
        }};
    return section;
}

namespace {

Type forwarding() {
    return word({"dr", "ipip", "gue"});
}

const Section& limits() {
    static const Section section{
        "What one client may ask of a service. The excess is dropped and counted.",
        {
            value("connections_per_client", number(0, 1'000'000'000), "0",
                  "New connections a second; 0: no limit."),
            optional("client_prefix", number(1, 128), "the whole address",
                     "Clients that share so many leading bits count as one; at most 32 with IPv4."),
        }};
    return section;
}

const Section& backend() {
    static const Section section{
        "A server. It holds the service's address on its loopback interface and must not answer "
        "ARP or neighbour solicitations for it.",
        {
            required("address", ip_address(),
                     "Its own address. With Direct Routing of the service's family, in a subnet of "
                     "a port or VLAN; through a tunnel of either family, also behind a gateway."),
            optional("port", port_or_any(), "the service's",
                     "Must be the service's port: neither Direct Routing nor a tunnel can change "
                     "it."),
            value("weight", number(0, 65'535), "1",
                  "Its share of new connections; 0: none, while existing ones go on, and clients "
                  "that "
                  "persistence binds to it come back unless persistence_while_drained is move."),
            optional("mac", mac_address(), "found by ARP or neighbour discovery",
                     "Its MAC address; the gateway's if it is behind one."),
            optional("forwarding", forwarding(), "the service's", "How packets reach it."),
            optional("gue_port", number(1, 65'535), "the service's",
                     "The UDP port at which it takes GUE."),
            value("upper_threshold", number(0, 4'294'967'295), "0",
                  "From so many connections on it gets no new ones; 0: no limit."),
            value("lower_threshold", number(0, 4'294'967'295), "0",
                  "Having reached upper_threshold, it gets new connections again when there are "
                  "fewer than this; 0: three quarters of upper_threshold."),
            value("sorry", boolean(), "false",
                  "Takes new connections only while the quorum is lost (keepalived: "
                  "sorry_server)."),
            nested(Shape::overrides, "health", health(), "What differs from the service's checks."),
            nested(Shape::overriding, "checks", health(),
                   "Several checks, all of which must succeed, instead of the service's. What one "
                   "leaves out comes from the health sections."),
            nested(Shape::sections, "notify", notify(),
                   "Programs that are told when it goes up or down (keepalived: notify_up, "
                   "notify_down)."),
        }};
    return section;
}

} // namespace

const Section& service() {
    static const Section section{
        "A virtual service: connections to one address and port, shared among backends.",
        {
            required("name", label(), "Names the service in lbctl(1) and the log."),
            optional("behind", interface_name(),
                     "for each backend the first port or VLAN whose subnets hold it; for one in a "
                     "tunnel and in no subnet, the first with a gateway of its family",
                     "The port or VLAN behind which the backends are."),
            required("address", ip_address(), "The address that clients use."),
            required("port", port_or_any(),
                     "The port that clients use; any: every port that no other service of the "
                     "address has. A TCP health check then needs a port of its own."),
            value("protocol", word({"tcp", "udp"}), "tcp", "tcp or udp."),
            value("forwarding", forwarding(), "dr",
                  "How packets reach the backends: dr (Direct Routing) by their MAC address on a "
                  "shared network, ipip in IP-in-IP, gue in Generic UDP Encapsulation."),
            value("gue_port", number(1, 65'535), "6080",
                  "The UDP port at which backends take GUE."),
            value("scheduler", word({"rr", "wrr", "lc", "wlc", "sh", "mh"}), "wrr",
                  "rr: backends in turn. wrr: in proportion to their weights, interleaved. lc: the "
                  "one with the fewest connections. wlc: the one with the fewest for its weight. "
                  "sh: by a hash of the client's address. mh: the same by Maglev hashing, which "
                  "moves few clients when backends come and go."),
            value("hash_port", boolean(), "false",
                  "sh and mh: hash the client's port too, which spreads the connections of one "
                  "client."),
            value("persistence", duration(0s, 2'592'000s), "0s",
                  "For so long after its last new connection, and as long as one lives, a client "
                  "gets the same backend; 0s: each connection is scheduled on its own."),
            optional("persistence_prefix", number(1, 128), "the whole address",
                     "Clients that share so many leading bits share a backend; at most 32 with "
                     "IPv4."),
            value("persistence_while_drained", word({"honour", "move"}), "honour",
                  "A new connection of a client whose backend has weight 0: honour sends it there "
                  "all the same, move gives the client another backend."),
            value("on_no_backend", word({"drop", "reject"}), "drop",
                  "What a client gets when no backend is up: nothing, or a RST or ICMP port "
                  "unreachable."),
            value("on_unknown_tcp", word({"hash", "drop", "schedule", "reset"}), "hash",
                  "A TCP packet in the middle of a connection that is not remembered: hash sends "
                  "it to the backend its addresses and ports hash to, schedule treats it as a new "
                  "connection, reset answers with a RST."),
            value("on_backend_down", word({"reschedule", "keep", "reset"}), "reschedule",
                  "Connections of a backend that went down: another backend, the same one, or a "
                  "RST to the client."),
            value("on_backend_removed", word({"drain", "reset", "reschedule"}), "drain",
                  "Connections of a backend that is no longer configured: the same one until they "
                  "end, a RST to the client, or another backend."),
            value("quorum", number(1, 1'000'000'000), "1",
                  "The weights of the backends that are up must reach this, or none of them takes "
                  "new connections, but those with sorry: true do."),
            value("hysteresis", number(0, 1'000'000'000), "0",
                  "The quorum is lost below quorum - hysteresis, and regained at quorum + "
                  "hysteresis."),
            value("ignore_checks_below_percent", number(0, 100), "0",
                  "When fewer backends than this are up it is rather the checks that have failed: "
                  "all count as up then. 0: never."),
            value("decrement_ttl", boolean(), "false",
                  "Count the director as a hop, as a router does, so that no packet goes round "
                  "for ever; with false nothing but the MAC addresses of a packet changes."),
            nested(Shape::sections, "notify", notify(),
                   "Programs that are told of its quorum (keepalived: quorum_up, quorum_down)."),
            value("omega", boolean(), "false",
                  "At a clean stop, run the programs that are told when its backends go down, for "
                  "those that are up, and when it loses its quorum, if it has it."),
            nested(Shape::section, "limits", limits(), "What one client may ask for."),
            nested(Shape::overrides, "timeouts", timeouts(), "What differs from the global ones."),
            nested(Shape::overrides, "health", health(), "What differs from the global checks."),
            nested(Shape::overriding, "checks", health(),
                   "Several checks of each backend, all of which must succeed. What one leaves out "
                   "comes from the health sections, those of the backend first."),
            value("suspect_below_percent", number(0, 100), "50",
                  "When fewer of the last second's new TCP connections to a backend have had a "
                  "second packet from the client, the backend is checked at once. 0: never."),
            value("slow_start", duration(0s, 3600s), "0s",
                  "A backend that has come up gets its share of new connections little by little, "
                  "in ten steps over so long. Not with the schedulers sh and mh."),
            nested(Shape::sections, "backends", backend(), "The servers."),
        }};
    return section;
}

} // namespace lbd::config::parts
