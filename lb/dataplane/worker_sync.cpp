// SPDX-License-Identifier: BSD-3-Clause
// What a worker takes over from other directors, and repeats to those that know nothing.
#include "lb/dataplane/worker.h"

namespace lbd::dataplane {

namespace {

constexpr unsigned imports_per_round = 64;
constexpr std::size_t repeated_lines_per_round = 32;

} // namespace

// In most rounds there is nothing to do but to hand over what was told.
void Worker::synchronise(const ForwardingTable& table) {
    const SyncChannel& sync = *setup_.sync;
    if (!sync.imports.empty()) take_imports(table);
    if (pass_.part != Pass::parts ||
        sync.pass_wanted.load(std::memory_order_relaxed) != pass_.number)
        continue_pass(table);
    journal_.flush();
}

void Worker::take_imports(const ForwardingTable& table) {
    std::array<FlowEvent, imports_per_round> events;
    const unsigned count = setup_.sync->imports.pop(events.data(), imports_per_round);
    for (unsigned i = 0; i < count; ++i) {
        const FlowEvent& event = events[i];
        const bool taken = event.ipv6 ? dispatcher6_.import(table, event, clock_.now())
                                      : dispatcher4_.import(table, event, clock_.now());
        (taken ? setup_.sync->imported : setup_.sync->refused).add(1);
    }
}

// What happens now goes before what happened: a pass has half of the ring, and what it is granted.
void Worker::continue_pass(const ForwardingTable& table) {
    SyncChannel& sync = *setup_.sync;
    if (pass_.part == Pass::parts) {
        const std::uint32_t wanted = sync.pass_wanted.load(std::memory_order_acquire);
        if (wanted == pass_.number) return;
        pass_ = {wanted, 0, 0};
    }
    if (sync.events.half_full() ||
        journal_.repeated() >= sync.pass_granted.load(std::memory_order_relaxed))
        return;
    if (!repeat_part(table)) return;
    if (pass_.part + 1 == Pass::parts) {
        FlowEvent end;
        end.remaining = pass_.number;
        journal_.flush();                   // what comes before it
        if (!sync.events.push(end)) return; // again in the next round
    }
    ++pass_.part;
    pass_.line = 0;
}

// Bindings first: they are few, and decide about new connections.
bool Worker::repeat_part(const ForwardingTable& table) {
    const bool bindings = pass_.part < 2;
    return pass_.part % 2 == 0 ? dispatcher4_.repeat(table, bindings, pass_.line,
                                                     repeated_lines_per_round, clock_.now())
                               : dispatcher6_.repeat(table, bindings, pass_.line,
                                                     repeated_lines_per_round, clock_.now());
}

} // namespace lbd::dataplane
