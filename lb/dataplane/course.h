// SPDX-License-Identifier: BSD-3-Clause
// What the state of a packet's flow, or the want of one, makes of the packet, before a backend is
// chosen for a new connection. Changes nothing: deciding and explaining both begin with it.
#pragma once

#include <netinet/in.h>

#include <cstdint>

#include "lb/dataplane/drop_reason.h"
#include "lb/dataplane/flow_table.h"
#include "lb/dataplane/forwarding_table.h"
#include "lb/dataplane/parse.h"
#include "lb/dataplane/tcp_state.h"

namespace lbd::dataplane {

struct Course {
    enum class Kind : std::uint8_t {
        follow, // to the backend of its flow
        open,   // to a backend to be chosen, by a new flow
        hash,   // by the consistent hash, without a flow
        punt,
        drop,  // for `reason`
        reject // likewise
    };
    Kind kind;
    DropReason reason = DropReason::none;
    bool ends_flow = false;                // the flow that was found is over, and goes first
    const ServiceEntry* service = nullptr; // of open and hash
};

template <class Key>
Course course_without_flow(const ForwardingTable& table, const Parsed& packet) {
    const Key& key = packet.key<Key>();
    const ServiceEntry* service = table.find(key);
    if (service == nullptr) return {Course::Kind::punt};
    if (key.client == key.vip) return {Course::Kind::drop, DropReason::bad_source};
    if (key.protocol == IPPROTO_TCP && !opens(packet.tcp_flags)) {
        switch (service->on_unknown_tcp) {
            case UnknownTcpPolicy::hash:
                return {Course::Kind::hash, DropReason::none, false, service};
            case UnknownTcpPolicy::drop:
                return {Course::Kind::drop, DropReason::unknown_connection};
            case UnknownTcpPolicy::reset:
                return {Course::Kind::reject, DropReason::unknown_connection};
            case UnknownTcpPolicy::schedule:
                break;
        }
    }
    return {Course::Kind::open, DropReason::none, false, service};
}

// The flow's backend is down or was removed.
template <class Key>
Course course_without_backend(const ForwardingTable& table, const Parsed& packet, FlowFate fate) {
    const Key& key = packet.key<Key>();
    if (fate == FlowFate::keep && !opens(packet.tcp_flags)) return {Course::Kind::follow};
    if (fate == FlowFate::reset && key.protocol == IPPROTO_TCP && !opens(packet.tcp_flags))
        return {Course::Kind::reject, DropReason::backend_down, true};
    const ServiceEntry* service = table.find(key);
    if (service == nullptr) return {Course::Kind::punt, DropReason::none, true};
    return {Course::Kind::open, DropReason::none, true, service};
}

// `flow` is what the flow table has for the packet's key, or nullptr.
template <class Key>
Course course_of(const ForwardingTable& table, const Parsed& packet, const Flow<Key>* flow,
                 Tick now) {
    if (flow == nullptr) return course_without_flow<Key>(table, packet);
    // A closed flow that is opened: the client uses its port again. IPVS conn_reuse_mode, but in
    // this very packet.
    if (reached(flow->expires, now) || (is_closing(flow->state) && opens(packet.tcp_flags))) {
        Course course = course_without_flow<Key>(table, packet);
        course.ends_flow = true;
        return course;
    }
    const FlowFate fate = table.backend(flow->backend).fate;
    if (fate != FlowFate::forward) return course_without_backend<Key>(table, packet, fate);
    return {Course::Kind::follow};
}

} // namespace lbd::dataplane
