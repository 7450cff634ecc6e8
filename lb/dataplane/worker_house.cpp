// SPDX-License-Identifier: BSD-3-Clause
// What a worker does beside forwarding: time, expiry, snapshots, rest.
#include <rte_cycles.h>
#include <rte_pause.h>

#include <algorithm>

#include "lb/dataplane/worker.h"

namespace lbd::dataplane {

namespace {

constexpr Tick ticks_per_sweep = 4 * ticks_per_second; // once over the whole table
constexpr std::size_t swept_lines_per_round = 64;
constexpr unsigned rounds_before_rest = 64;

} // namespace

void Worker::keep_time(std::uint64_t cycles) {
    if (!clock_.advance(cycles)) return;
    const std::size_t lines =
        std::max(dispatcher4_.flows().lines().size(), dispatcher6_.flows().lines().size());
    lines_to_sweep_ = lines / ticks_per_sweep + swept_lines_per_round;
    egress_.new_tick();
    limiter_.clear_old(clock_.now());
    fragments_.sweep(clock_.now(), [this](rte_mbuf* lost) { lose_held(lost); });
}

void Worker::keep_house(const ForwardingTable& table) {
    if (lines_to_sweep_ != 0) {
        const std::size_t lines = std::min(lines_to_sweep_, swept_lines_per_round);
        dispatcher4_.sweep(table, lines, clock_.now());
        dispatcher6_.sweep(table, lines, clock_.now());
        lines_to_sweep_ -= lines;
    }
    if (setup_.workers > 1) {
        exchange_releases();
        scheduler_.refresh(table);
    }
    if (setup_.sync != nullptr) synchronise(table);
    Errand* errand = requested_.load(std::memory_order_acquire);
    if (errand != nullptr) continue_errand(*errand, table);
}

void Worker::continue_errand(Errand& errand, const ForwardingTable& table) {
    switch (errand.kind) {
        case Errand::Kind::snapshot:
            if (!continue_snapshot(static_cast<Snapshot&>(errand))) return;
            break;
        case Errand::Kind::question:
            answer(static_cast<Question&>(errand), table);
            break;
    }
    requested_.store(nullptr, std::memory_order_relaxed);
    errand.done.store(true, std::memory_order_release);
}

bool Worker::continue_snapshot(Snapshot& snapshot) {
    const Tick now = clock_.now();
    bool complete = false;
    switch (snapshot.part) {
        case Snapshot::Part::flows4:
            complete = snapshot.take(dispatcher4_.flows(), swept_lines_per_round, now);
            break;
        case Snapshot::Part::bindings4:
            complete =
                snapshot.take(dispatcher4_.persistence().bindings(), swept_lines_per_round, now);
            break;
        case Snapshot::Part::flows6:
            complete = snapshot.take(dispatcher6_.flows(), swept_lines_per_round, now);
            break;
        case Snapshot::Part::bindings6:
            complete =
                snapshot.take(dispatcher6_.persistence().bindings(), swept_lines_per_round, now);
            break;
        case Snapshot::Part::end:
            break;
    }
    if (complete) snapshot.next_part();
    snapshot.now = now;
    return snapshot.part == Snapshot::Part::end || snapshot.truncated;
}

void Worker::answer(Question& question, const ForwardingTable& table) {
    question.answer = with_family(question.packet, [&](const auto& dispatcher, const auto&) {
        return question.about == Question::About::packet
                   ? dispatcher.explain(table, question.packet, clock_.now())
                   : dispatcher.explain_binding(table, question.packet, clock_.now());
    });
}

// Waking up costs more than a turn without a packet does, so the sleep grows with the time without
// one. A packet waits for a sixteenth of that time at most, and for a millisecond. Housekeeping is
// done in small parts, one a turn, so sleeps stay short until it is complete.
void Worker::rest(unsigned work) {
    if (work != 0) {
        idle_rounds_ = 0;
        idle_sleep_.reset();
    } else if (++idle_rounds_ < rounds_before_rest) {
        rte_pause();
    } else {
        const unsigned longest = idle_sleep_.next_us();
        rte_delay_us_sleep(housekeeping_waits() ? IdleSleep::shortest_us : longest);
    }
}

bool Worker::housekeeping_waits() const {
    return lines_to_sweep_ != 0 || requested_.load(std::memory_order_relaxed) != nullptr ||
           (setup_.sync != nullptr && (!setup_.sync->imports.empty() || pass_.part != Pass::parts));
}

} // namespace lbd::dataplane
