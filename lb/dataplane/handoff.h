// SPDX-License-Identifier: BSD-3-Clause
// Why a worker hands a packet to another one, and what the other needs to know for it.
#pragma once

#include <rte_mbuf.h>

#include <cstdint>

#include "lb/dataplane/flow_table.h"
#include "lb/dataplane/forwarding_table.h"

namespace lbd::dataplane {

enum class Handoff : std::uint8_t {
    deliver,  // the flow is yours
    question, // you keep this client's binding: which backend is it?
    answer,   // to a question
    fragment, // you put the fragments of this datagram in order
    settled   // what became of the first fragment that you had delivered
};

constexpr std::uint16_t no_home = 0xffff;

// Lies in the packet buffer's private area, and means something in a handoff ring, or while a
// fragment is held, only.
struct HandoffNote {
    Handoff kind{};
    std::uint8_t interface = 0;   // by which it came in
    std::uint16_t home = no_home; // the worker that waits for what is decided about it
    BackendSlot backend = no_backend;
    std::uint16_t generation = 0; // of the backend's slot
    std::uint32_t binding = no_binding;
    std::uint8_t verdict = 0; // Verdict::Kind
    std::uint8_t reason = 0;  // DropReason
};

inline HandoffNote& note_of(rte_mbuf* packet) {
    return *static_cast<HandoffNote*>(rte_mbuf_to_priv(packet));
}

} // namespace lbd::dataplane
