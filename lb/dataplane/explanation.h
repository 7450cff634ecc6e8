// SPDX-License-Identifier: BSD-3-Clause
// Where packets of a flow would go now, and why: the answer to a question that is asked of the
// worker whose flow it is. Plain values; nothing is allocated.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "lb/dataplane/dispatcher.h"
#include "lb/dataplane/errand.h"

namespace lbd::dataplane {

// What a verdict to forward goes by.
enum class Because : std::uint8_t {
    rule,           // nothing is chosen: see the verdict
    flow,           // it is the backend of the flow
    binding,        // the client is bound to it
    ring,           // the next in the worker's ring
    least,          // the fewest connections
    weighted_least, // the fewest in proportion to weights
    hash,           // the consistent hash names it
    helped_out,     // the next in the ring, as the one that the hash names has too many connections
    stateless       // the consistent hash names it, and no flow is made
};
constexpr std::array<std::string_view, 9> because_names{
    "rule",           "flow", "binding",    "round_robin", "least",
    "weighted_least", "hash", "helped_out", "stateless"};

// Of one packet.
struct Outlook {
    Verdict verdict{Verdict::Kind::punt};
    Because because = Because::rule;
    bool ends_flow = false; // the flow that is there is forgotten
    bool room = true;       // for a new flow; no: the packet goes by the hash, without one
    // Of the backend, as the scheduler sees them.
    std::uint64_t active = 0;
    std::uint64_t inactive = 0;
};

// What comes of an outlook that asks the client's owner, when that has said `told`.
inline Outlook settled(const Outlook& asking, const Outlook& told) {
    Outlook outlook = told;
    if (!asking.room && told.verdict.kind == Verdict::Kind::forward)
        outlook = {{Verdict::Kind::forward, DropReason::none, asking.verdict.backend},
                   Because::stateless};
    outlook.ends_flow = asking.ends_flow;
    outlook.room = asking.room;
    return outlook;
}

constexpr std::array<std::string_view, 4> flow_fate_names{"forward", "keep", "reset", "reschedule"};

struct FlowView {
    FlowState state;
    BackendSlot backend;
    FlowFate fate; // of the backend's flows
    Tick remaining;
};

struct Explanation {
    std::optional<ServiceSlot> service;
    std::optional<FlowView> flow;
    std::optional<BindingView> binding; // if this worker keeps it
    Outlook opening;                    // of what opens a connection: a SYN, any packet of UDP
    std::optional<Outlook> later;       // of TCP: of any other
};

// Asked of a worker.
struct Question : Errand {
    enum class About : std::uint8_t { packet, binding };

    Question(const Parsed& asked, About subject)
        : Errand(Kind::question), packet(asked), about(subject) {}

    Parsed packet; // a flow's; flags do not matter
    About about;
    // The worker's until `done`; the asker's afterwards.
    Explanation answer;
};

} // namespace lbd::dataplane
