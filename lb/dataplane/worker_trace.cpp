// SPDX-License-Identifier: BSD-3-Clause
// Tells of the packets of a client that is traced. What handles them is the same as for all others,
// and knows nothing of it: what it has decided is read from the counters and tables that it leaves.
#include <rte_cycles.h>

#include <algorithm>
#include <utility>

#include "lb/dataplane/client_key.h"
#include "lb/dataplane/worker.h"

namespace lbd::dataplane {

struct Worker::Observation {
    const Work& work;                       // its packet is gone when it has been handled
    const ForwardingTable* table = nullptr; // nullptr: of a packet that is only dropped
    const HandoffNote* note = nullptr;      // it was handed over by worker `from`
    std::uint16_t from = 0;
    std::optional<Verdict> told{}; // it was decided about before
    TraceRecord record{};
    FlowSight before{};
    FlowSight after{};
    TraceFigures start{};
    std::array<TraceChannel*, most_traces> takers{};
    unsigned takers_count = 0;
};

namespace {

bool has_flow(const Parsed& parsed) {
    return parsed.kind == PacketClass::flow || parsed.kind == PacketClass::icmp_error;
}

// On the way to a backend that was chosen.
bool on_the_way(DropReason reason) {
    return reason == DropReason::ttl_expired || reason == DropReason::too_big ||
           reason == DropReason::no_headroom || reason == DropReason::tx_full;
}

} // namespace

// Packets that were under way before are sent first, and this one at once, so that what the
// counters gain meanwhile is this one's. One may end the waiting of others: theirs is not its.
template <typename Handle>
void Worker::observe(Observation& seen, Handle&& handle) {
    const bool is_wanted = wanted(seen);
    if (!is_wanted && observation_ == nullptr) return handle();
    egress_.flush();
    seen.start = TraceFigures(counters_);
    Observation* const outer = std::exchange(observation_, is_wanted ? &seen : nullptr);
    handle();
    egress_.flush();
    TraceFigures done(counters_);
    done -= seen.start;
    observation_ = outer;
    if (outer != nullptr) outer->start += done;
    if (is_wanted) conclude(seen, done);
}

// The long way, which decides as the short one does.
unsigned Worker::receive_traced(std::array<Work, max_burst>& burst, std::uint16_t count,
                                std::uint16_t port, const ForwardingTable& table) {
    for (std::uint16_t i = 0; i < count; ++i) {
        Observation seen{burst[i], &table};
        observe(seen, [&] { handle(burst[i], port, table); });
    }
    return count;
}

void Worker::take_handoff_traced(rte_mbuf* packet, std::uint16_t from,
                                 const ForwardingTable& table) {
    const HandoffNote note = note_of(packet);
    const Work work = taken_up(packet, note.home);
    Observation seen{work, &table, &note, from};
    if (note.kind == Handoff::settled) seen.told = told_by(note, table);
    observe(seen, [&] { take_handoff(packet, from, table); });
}

void Worker::carry_out_traced(const Verdict& verdict, const Work& work,
                              const ForwardingTable& table) {
    Observation seen{work, &table};
    seen.told = verdict;
    observe(seen, [&] { carry_out_later(verdict, work, table); });
}

void Worker::lose_held_traced(rte_mbuf* packet) {
    const Work work = taken_up(packet, no_home);
    Observation seen{work};
    observe(seen, [&] { drop(packet, DropReason::fragment_lost); });
}

bool Worker::wanted(Observation& seen) {
    const auto packet = traced_packet(*seen.work.packet, seen.work.parsed);
    if (!packet) return false;
    for (const auto& trace : *traces_) {
        if (!trace->wish.matches(*packet)) continue;
        TraceChannel& channel = *trace->channels[setup_.worker];
        if (channel.admits(clock_.now())) seen.takers[seen.takers_count++] = &channel;
    }
    if (seen.takers_count == 0) return false;
    seen.record.cycles = rte_rdtsc();
    seen.record.packet = *packet;
    seen.before = sight(seen);
    return true;
}

FlowSight Worker::sight(const Observation& seen) {
    if (!has_flow(seen.work.parsed) || seen.table == nullptr) return {};
    return with_family(seen.work.parsed, [&](auto& dispatcher, const auto& key) {
        return sight_of(dispatcher, *seen.table, key, clock_.now());
    });
}

void Worker::conclude(Observation& seen, const TraceFigures& done) {
    TraceRecord& record = seen.record;
    seen.after = sight(seen);
    record.drop = done.drop();
    if (record.drop != DropReason::none) {
        if (on_the_way(record.drop)) explain_forwarding(seen, done);
        if (record.drop == DropReason::backend_down) record.backend = seen.before.backend;
        record.outcome =
            done[TraceFigures::answered] != 0 ? TraceOutcome::answered : TraceOutcome::dropped;
        record.why = Why::dropped;
    } else if (done[TraceFigures::forwarded] != 0) {
        record.outcome = TraceOutcome::forwarded;
        record.pieces = static_cast<std::uint8_t>(done[TraceFigures::split] + 1);
        explain_forwarding(seen, done);
    } else if (done[TraceFigures::punted] != 0) {
        record.outcome = TraceOutcome::punted;
        record.why = is_of_no_flow(seen) ? Why::host : Why::no_service;
    } else if (done[TraceFigures::handed_over] != 0) {
        record.outcome = TraceOutcome::handed_over;
        explain_handoff(seen, done);
    } else {
        record.outcome = TraceOutcome::held;
        record.why = Why::fragment_early;
    }
    name_service(seen);
    for (unsigned i = 0; i < seen.takers_count; ++i)
        if (!seen.takers[i]->records.push(record)) seen.takers[i]->left_out.add(1);
}

// Not even a fragment of one, if its address is a service's.
bool Worker::is_of_no_flow(const Observation& seen) {
    if (seen.work.parsed.kind != PacketClass::fragment)
        return seen.work.parsed.kind == PacketClass::host;
    return with_family(seen.work.parsed,
                       [&](auto&, const auto& key) { return seen.table->is_virtual(key); });
}

void Worker::name_service(Observation& seen) {
    if (seen.table == nullptr) return;
    TraceRecord& record = seen.record;
    if (record.backend != no_backend) {
        const BackendEntry& backend = seen.table->backend(record.backend);
        record.generation = backend.generation;
        record.service = backend.service;
    } else if (has_flow(seen.work.parsed)) {
        const ServiceEntry* service = with_family(
            seen.work.parsed, [&](auto&, const auto& key) { return seen.table->find(key); });
        if (service != nullptr) record.service = seen.table->slot_of(*service);
    }
}

void Worker::explain_forwarding(Observation& seen, const TraceFigures& done) {
    const Parsed& parsed = seen.work.parsed;
    const bool later = parsed.kind == PacketClass::fragment;
    const auto told = later && !seen.told ? decision_about(parsed, *seen.table) : seen.told;
    Reason reason{later ? Why::fragment : Why::told, told ? told->backend : no_backend};
    if (!told && has_flow(parsed)) {
        Witnessed witnessed{*seen.table, parsed, seen.before, seen.after,
                            done[TraceFigures::stateless] != 0};
        if (seen.note != nullptr && seen.note->kind == Handoff::answer)
            witnessed.told = seen.note->backend;
        reason = with_family(parsed, [&](auto&, const auto& key) {
            return reason_of<std::decay_t<decltype(key)>>(witnessed);
        });
    }
    seen.record.why = reason.why;
    seen.record.backend = reason.backend;
}

void Worker::explain_handoff(Observation& seen, const TraceFigures& done) {
    const Work& work = seen.work;
    TraceRecord& record = seen.record;
    const bool of_datagram =
        work.parsed.kind == PacketClass::fragment || work.parsed.first_fragment;
    if (seen.note == nullptr && of_datagram && home_of(work.parsed) != setup_.worker) {
        record.why = Why::fragment_home;
        record.other = home_of(work.parsed);
    } else if (seen.note != nullptr && seen.note->kind == Handoff::question) {
        const Reason reason = reason_of_binding(seen.before, seen.after);
        record.why = reason.why;
        record.backend = reason.backend;
        record.other = seen.from;
    } else if (seen.after.lives) {
        explain_forwarding(seen, done); // to the datagram's home, with the decision
        record.other = work.home;
    } else if (owner_of(work) != setup_.worker) {
        record.why = Why::flow_owner;
        record.other = owner_of(work);
    } else {
        record.why = Why::persistence_owner;
        record.other = keeper_of(seen);
    }
}

// The worker that keeps the persistence of a packet's client.
std::uint16_t Worker::keeper_of(const Observation& seen) {
    return with_family(seen.work.parsed, [&](auto&, const auto& key) {
        const ServiceEntry* service = seen.table->find(key);
        return service == nullptr
                   ? setup_.worker
                   : static_cast<std::uint16_t>(reduce(
                         hash_of(binding_key(*service, key), setup_.owner_secret), setup_.workers));
    });
}

} // namespace lbd::dataplane
