// SPDX-License-Identifier: BSD-3-Clause
// What is told of one packet of a client that is traced.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "lb/dataplane/drop_reason.h"
#include "lb/dataplane/flow_key.h"
#include "lb/dataplane/forwarding_table.h"
#include "lb/dataplane/parse.h"

namespace lbd::dataplane {

// Of an ICMP error, the flow that it is about. Addresses are in the form of ForwardingTable's.
struct TracedPacket {
    Ipv6 sender{};
    Ipv6 client{}; // the sender, but for an ICMP error
    Ipv6 destination{};
    rte_be16_t client_port = 0;
    rte_be16_t port = 0;
    std::uint16_t bytes = 0; // of the frame
    PacketClass kind = PacketClass::malformed;
    std::uint8_t protocol = 0; // IPPROTO_*; of IPv6, perhaps that of the first extension header
    std::uint8_t tcp_flags = 0;
    bool ipv6 = false;
    bool has_ports = false;
};

enum class TraceOutcome : std::uint8_t {
    forwarded,
    punted,      // given to the host
    dropped,     // for `drop`
    answered,    // dropped for `drop`, and the sender told
    handed_over, // to worker `other`
    held         // until the datagram's first fragment comes
};

constexpr std::array<std::string_view, 6> trace_outcome_names{"forwarded", "punted",      "dropped",
                                                              "answered",  "handed_over", "held"};

enum class Why : std::uint8_t {
    dropped,
    known,
    synchronised,
    kept,
    scheduled,
    rescheduled,
    persistence,
    bound,
    persistence_elsewhere,
    persistence_full,
    table_full,
    unknown_connection,
    error_known,
    error_unknown,
    fragment,
    fragment_early,
    told,
    no_service,
    host,
    flow_owner,
    fragment_home,
    persistence_owner,
    count_,
};

struct WhyText {
    std::string_view name;
    std::string_view text; // "@" stands for the service's scheduler
};

constexpr std::array<WhyText, static_cast<std::size_t>(Why::count_)> why_texts{{
    {"dropped", ""}, // the DropReason says it
    {"known", "known connection"},
    {"synchronised", "known connection, from another director"},
    {"kept", "known connection, stays though its backend is down"},
    {"scheduled", "new connection, scheduled (@)"},
    {"rescheduled", "new connection, scheduled (@) as its backend is gone"},
    {"persistence", "new connection, client is bound to the backend"},
    {"bound", "new connection, scheduled (@), client is bound from now on"},
    {"persistence_elsewhere", "new connection, backend by the client's persistence"},
    {"persistence_full", "new connection, by consistent hash as there is no room for persistence"},
    {"table_full", "no room for a connection, by consistent hash"},
    {"unknown_connection", "unknown connection, by consistent hash"},
    {"error_known", "ICMP error about a known connection"},
    {"error_unknown", "ICMP error about an unknown connection, by consistent hash"},
    {"fragment", "fragment, after its first one"},
    {"fragment_early", "fragment before its first one"},
    {"told", "first fragment, as its worker decided"},
    {"no_service", "no service"},
    {"host", "neither TCP nor UDP of a service"},
    {"flow_owner", "keeps the connection"},
    {"fragment_home", "puts the fragments in order"},
    {"persistence_owner", "keeps the client's persistence"},
}};

constexpr const WhyText& describe(Why why) {
    return why_texts[static_cast<std::size_t>(why)];
}

constexpr ServiceSlot no_service = 0xffff;

struct TraceRecord {
    std::uint64_t cycles = 0; // of the time stamp counter, when the packet was taken up
    TracedPacket packet;
    TraceOutcome outcome = TraceOutcome::dropped;
    Why why = Why::dropped;
    DropReason drop = DropReason::none;
    std::uint8_t pieces = 1; // into which the packet was cut
    ServiceSlot service = no_service;
    BackendSlot backend = no_backend;
    std::uint16_t generation = 0; // of the backend's slot
    std::uint16_t other = 0;      // worker
};

} // namespace lbd::dataplane
