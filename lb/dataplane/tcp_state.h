// SPDX-License-Identifier: BSD-3-Clause
// The state of a flow, from the client's packets alone: in Direct Routing the backend answers the
// client itself. Source: IPVS, ip_vs_proto_tcp.c, the INPUT-ONLY table.
#pragma once

#include <rte_tcp.h>

#include <array>
#include <cstdint>
#include <string_view>

namespace lbd::dataplane {

enum class FlowState : std::uint8_t {
    free, // an empty place in the flow table
    syn_recv,
    established,
    fin_wait,
    time_wait,
    close,
    udp,
    persistence, // a client's affinity rather than a flow (IPVS: connection template)
};

constexpr std::array<std::string_view, 8> flow_state_names{
    "FREE", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "TIME_WAIT", "CLOSE", "UDP", "PERSIST"};

constexpr bool is_active(FlowState state) {
    return state == FlowState::established;
}

constexpr bool is_closing(FlowState state) {
    return state == FlowState::fin_wait || state == FlowState::time_wait ||
           state == FlowState::close;
}

// IPVS takes any SYN for an opening; a SYN-ACK or SYN-RST never opens anything at a server.
constexpr bool opens(std::uint8_t flags) {
    constexpr std::uint8_t telling = RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG | RTE_TCP_RST_FLAG;
    return (flags & telling) == RTE_TCP_SYN_FLAG;
}

// The state after a packet with `flags`. A SYN that opens a flow anew is not this function's.
constexpr FlowState next_state(FlowState state, std::uint8_t flags) {
    if (state == FlowState::udp) return state;
    if ((flags & RTE_TCP_RST_FLAG) != 0)
        return state == FlowState::syn_recv ? state : FlowState::close;
    if ((flags & RTE_TCP_SYN_FLAG) != 0) return state;
    if ((flags & RTE_TCP_FIN_FLAG) != 0) {
        if (state == FlowState::established) return FlowState::fin_wait;
        if (state == FlowState::syn_recv) return FlowState::time_wait;
        return state;
    }
    if ((flags & RTE_TCP_ACK_FLAG) != 0 && state == FlowState::syn_recv)
        return FlowState::established;
    return state;
}

// The state of a flow whose first packet has `flags`.
constexpr FlowState first_state(bool tcp, std::uint8_t flags) {
    if (!tcp) return FlowState::udp;
    if ((flags & RTE_TCP_RST_FLAG) != 0) return FlowState::close;
    if ((flags & RTE_TCP_SYN_FLAG) != 0) return FlowState::syn_recv;
    if ((flags & RTE_TCP_FIN_FLAG) != 0) return FlowState::fin_wait;
    return FlowState::established;
}

} // namespace lbd::dataplane
