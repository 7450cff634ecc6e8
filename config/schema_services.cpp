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

namespace {

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

} // namespace

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

} // namespace lbd::config::parts
