// SPDX-License-Identifier: BSD-3-Clause
// A poll-mode worker: takes frames from its queue of every port, decides, sends them on.
#pragma once

#include <rte_cycles.h>
#include <rte_mbuf.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "lb/dataplane/client_limiter.h"
#include "lb/dataplane/clock.h"
#include "lb/dataplane/counters.h"
#include "lb/dataplane/dispatcher.h"
#include "lb/dataplane/egress.h"
#include "lb/dataplane/errand.h"
#include "lb/dataplane/explanation.h"
#include "lb/dataplane/fragments.h"
#include "lb/dataplane/handoff.h"
#include "lb/dataplane/idle_sleep.h"
#include "lb/dataplane/journal.h"
#include "lb/dataplane/packet_ring.h"
#include "lb/dataplane/port.h"
#include "lb/dataplane/publication.h"
#include "lb/dataplane/release_ring.h"
#include "lb/dataplane/snapshot.h"
#include "lb/dataplane/steering.h"
#include "lb/dataplane/trace.h"
#include "lb/dataplane/trace_figures.h"
#include "lb/dataplane/trace_reason.h"

namespace lbd::dataplane {

// Rings between this worker and worker i; nullptr at the own index.
struct Neighbourhood {
    std::vector<PacketRing*> packets_in;
    std::vector<PacketRing*> packets_out;
    std::vector<ReleaseRing*> releases_in;
    std::vector<ReleaseRing*> releases_out;
};

// Everything that is pointed to outlives the worker.
struct WorkerSetup {
    std::uint16_t worker = 0;
    std::uint16_t workers = 1;
    HashSecret flow_secret{};  // a worker's own
    HashSecret owner_secret{}; // the same for all workers of the process
    TableMemory<KeyV4> memory4;
    TableMemory<KeyV6> memory6;
    unsigned fragments = 4096; // fragmented datagrams under way
    WorkerCounters* counters;
    std::vector<const WorkerCounters*> others; // counters of the other workers
    std::vector<ClientLimiter::Cells*> limits; // of all workers
    std::vector<Port*> ports;
    std::vector<Interface> interfaces;
    Neighbourhood neighbours;
    Publication* publication;
    SyncChannel* sync = nullptr; // nullptr: state is not synchronised
    bool sleep_when_idle = false;
    TickClock clock{rte_get_tsc_hz(), rte_rdtsc()};
};

class Worker {
  public:
    explicit Worker(const WorkerSetup& setup);
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    // Turns until `stop`; on the worker's own lcore.
    void run(const std::atomic<bool>& stop);
    // One turn at the time `cycles`, which is all that it knows of time: takes what has come,
    // decides, sends, keeps house. The number of packets that it took.
    unsigned turn(std::uint64_t cycles);

    // Any thread.
    const WorkerCounters& counters() const { return counters_; }
    std::size_t flow_capacity() const { return flow_capacity_; }
    std::size_t flow_capacity6() const { return flow_capacity6_; }
    // Any thread: what the host has sent until the worker's next turn is not sent.
    void discard_host_frames() { discarding_.store(true, std::memory_order_relaxed); }
    // One asker at a time: hands `errand`, a Snapshot or Question, to the worker, which fills it
    // in and sets `done`.
    void request(Errand& errand) { requested_.store(&errand, std::memory_order_release); }

  private:
    using InterfaceOfVlan = std::array<std::uint8_t, 4096>;
    struct Work {
        rte_mbuf* packet;
        std::uint64_t hash;
        void* line;         // of the family's flow table, for that hash
        std::uint16_t home; // the worker whom a question of another's came from
        std::uint8_t interface;
        Parsed parsed;
    };
    // Over all tables, for peers that know nothing.
    struct Pass {
        static constexpr unsigned parts = 4;
        std::uint32_t number = 0; // of the last that was begun
        unsigned part = parts;    // parts: none is under way
        std::size_t line = 0;
    };
    // Calls `action` with the dispatcher and the key of the packet's family.
    template <typename Action>
    auto with_family(const Parsed& parsed, Action&& action) {
        return parsed.ipv6 ? action(dispatcher6_, parsed.v6) : action(dispatcher4_, parsed.v4);
    }

    // worker.cpp
    unsigned round(const ForwardingTable& table);
    unsigned receive(std::uint16_t port, const ForwardingTable& table);
    void parse_burst(rte_mbuf** packets, std::uint16_t count, std::uint16_t port,
                     std::array<Work, max_burst>& burst);
    // Starts the load of the flow's line.
    void prepare(Work& work) {
        if (work.parsed.kind == PacketClass::host || work.parsed.kind == PacketClass::malformed)
            return;
        with_family(work.parsed, [&work](auto& dispatcher, const auto& key) {
            work.hash = dispatcher.hash(key);
            work.line = dispatcher.prefetch(work.hash);
        });
    }
    void prepare_further(const Work& work, const ForwardingTable& table) {
        if (work.parsed.kind != PacketClass::flow) return;
        with_family(work.parsed, [&](auto& dispatcher, const auto&) {
            dispatcher.prefetch_further(table, work.parsed, work.line);
        });
    }
    bool forward_steady(Work& work, const InterfaceOfVlan& interface_of,
                        const ForwardingTable& table);
    void handle(Work& work, std::uint16_t port, const ForwardingTable& table);
    Verdict decide(const Work& work, const ForwardingTable& table);
    void carry_out(const Verdict& verdict, const Work& work, const ForwardingTable& table);
    void punt(const Work& work);
    void drop(rte_mbuf* packet, DropReason reason) { egress_.drop(packet, reason); }

    // worker_handoff.cpp
    unsigned take_from_host();
    void discard_from_host();
    unsigned take_handoffs(const ForwardingTable& table);
    // What was handed over, or held until now, parsed again and prepared.
    Work taken_up(rte_mbuf* packet, std::uint16_t home);
    static Verdict told_by(const HandoffNote& note, const ForwardingTable& table);
    void take_handoff(rte_mbuf* packet, std::uint16_t from, const ForwardingTable& table);
    // False: there is no room, and the packet is still the caller's.
    bool offer(rte_mbuf* packet, std::uint16_t to, const HandoffNote& note);
    void hand_over(rte_mbuf* packet, std::uint16_t to, const HandoffNote& note);
    void answer_about_client(const Work& work, std::uint16_t from, const ForwardingTable& table);
    Verdict decide_as_told(const Work& work, const HandoffNote& note, std::uint16_t owner,
                           const ForwardingTable& table);
    void exchange_releases();

    // worker_fragments.cpp
    void handle_fragment(Work& work, const ForwardingTable& table);
    void order_fragment(Work& work, const ForwardingTable& table);
    void follow_first(const Work& work, const ForwardingTable& table);
    void carry_out_later(const Verdict& verdict, const Work& work, const ForwardingTable& table);
    void lose_held(rte_mbuf* packet);
    void settle(const Verdict& verdict, const Work& work, const ForwardingTable& table);
    std::uint16_t home_of(const Parsed& parsed) const;
    std::optional<Verdict> decision_about(const Parsed& fragment,
                                          const ForwardingTable& table) const;

    // worker_sync.cpp
    void synchronise(const ForwardingTable& table);
    void take_imports(const ForwardingTable& table);
    void continue_pass(const ForwardingTable& table);
    bool repeat_part(const ForwardingTable& table);

    // worker_trace.cpp
    struct Observation;
    unsigned receive_traced(std::array<Work, max_burst>& burst, std::uint16_t count,
                            std::uint16_t port, const ForwardingTable& table);
    void take_handoff_traced(rte_mbuf* packet, std::uint16_t from, const ForwardingTable& table);
    void carry_out_traced(const Verdict& verdict, const Work& work, const ForwardingTable& table);
    void lose_held_traced(rte_mbuf* packet);
    template <typename Handle>
    void observe(Observation& seen, Handle&& handle);
    bool wanted(Observation& seen);
    void conclude(Observation& seen, const TraceFigures& done);
    void explain_forwarding(Observation& seen, const TraceFigures& done);
    void explain_handoff(Observation& seen, const TraceFigures& done);
    bool is_of_no_flow(const Observation& seen);
    void name_service(Observation& seen);
    FlowSight sight(const Observation& seen);
    std::uint16_t keeper_of(const Observation& seen);

    // worker_house.cpp
    void keep_time(std::uint64_t cycles);
    void keep_house(const ForwardingTable& table);
    void continue_errand(Errand& errand, const ForwardingTable& table);
    bool continue_snapshot(Snapshot& snapshot); // true: complete
    void answer(Question& question, const ForwardingTable& table);
    void rest(unsigned work);
    bool housekeeping_waits() const;

    // The owner of the flow in `work`, by the rule of the port that it came in by.
    std::uint16_t owner_of(const Work& work) const {
        return setup_.workers == 1 ? setup_.worker : steered_to(work);
    }
    std::uint16_t steered_to(const Work& work) const;

    WorkerSetup setup_;
    WorkerCounters& counters_;
    Scheduler scheduler_;
    ClientLimiter limiter_;
    Releases releases_;
    Journal journal_;
    Dispatcher<KeyV4> dispatcher4_;
    Dispatcher<KeyV6> dispatcher6_;
    FragmentTable<Settled> fragments_;
    Egress egress_;
    std::size_t flow_capacity_;
    std::size_t flow_capacity6_;
    TickClock clock_;
    std::vector<InterfaceOfVlan> interface_of_; // by port
    std::atomic<Errand*> requested_{nullptr};
    std::atomic<bool> discarding_{false};
    std::size_t lines_to_sweep_ = 0;
    unsigned idle_rounds_ = 0;
    IdleSleep idle_sleep_;
    Pass pass_;
    const TraceList* traces_ = nullptr;  // of this round; nullptr: nothing is traced
    Observation* observation_ = nullptr; // under way
};

} // namespace lbd::dataplane
