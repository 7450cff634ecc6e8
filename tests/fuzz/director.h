// SPDX-License-Identifier: BSD-3-Clause
// A director without devices: a forwarding table of several services, and two workers that decide
// by it as lb/dataplane/worker.cpp has them do.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "input.h"
#include "lb/dataplane/dispatcher.h"
#include "lb/dataplane/flow_event.h"

namespace lbd::fuzz {

constexpr std::uint16_t workers = 2;
constexpr std::size_t services = 6; // of each family: TCP, UDP, and TCP on every port
constexpr std::size_t backends_of_service = 3;

// Virtual addresses 192.0.2.10 and 2001:db8:1::10, port 80.
std::unique_ptr<dataplane::ForwardingTable> table_of(Input& input);

// One worker's tables and counters; both families.
class Worker {
  public:
    explicit Worker(std::uint16_t number);

    template <class Key>
    dataplane::Dispatcher<Key>& dispatcher() {
        if constexpr (sizeof(Key) == sizeof(dataplane::KeyV4))
            return ipv4_;
        else
            return ipv6_;
    }
    dataplane::WorkerCounters& counters() { return counters_; }
    dataplane::Releases& releases() { return releases_; }

  private:
    template <class Key>
    struct Lines {
        using Table = dataplane::FlowTable<Key>;
        std::vector<typename Table::Line> flows{Table::lines_for(16)};
        std::vector<typename Table::Line> persistence{Table::lines_for(8)};
        dataplane::TableMemory<Key> memory() { return {flows, persistence}; }
    };

    dataplane::WorkerCounters& counters_;
    dataplane::Releases releases_;
    dataplane::Scheduler scheduler_;
    dataplane::ClientLimiter limiter_;
    dataplane::Journal journal_;
    Lines<dataplane::KeyV4> lines4_;
    Lines<dataplane::KeyV6> lines6_;
    dataplane::Dispatcher<dataplane::KeyV4> ipv4_;
    dataplane::Dispatcher<dataplane::KeyV6> ipv6_;
};

class Director {
  public:
    explicit Director(Input& input) : table_(table_of(input)) {}

    const dataplane::ForwardingTable& table() const { return *table_; }
    // Another table, with the same slots.
    void reload(Input& input) { table_ = table_of(input); }
    void pass(dataplane::Tick ticks) { now_ += ticks; }
    dataplane::Tick now() const { return now_; }

    // Of a packet that parsed as a flow or an ICMP error, at worker 0. Bindings that worker 1 owns
    // are asked for there.
    dataplane::Verdict decide(const dataplane::Parsed& parsed, std::uint32_t bytes);
    bool import(const dataplane::FlowEvent& event);
    void sweep();
    // Lets everything end, and checks that nothing is left.
    void end();

  private:
    template <class Key>
    dataplane::Verdict decide(const dataplane::Parsed& parsed, std::uint32_t bytes);
    template <class Key>
    std::optional<dataplane::Verdict> foreseen_for(const dataplane::Parsed& parsed);
    template <class Key>
    dataplane::Verdict decide_flow(const dataplane::Parsed& parsed, std::uint64_t hash,
                                   std::uint32_t bytes);
    template <class Key>
    dataplane::Verdict ask_owner(const dataplane::Parsed& parsed, std::uint64_t hash,
                                 std::uint32_t bytes, std::uint16_t owner);
    void settle_releases();
    void check_counters() const;

    std::unique_ptr<dataplane::ForwardingTable> table_;
    dataplane::Tick now_ = 0xffff'0000; // wraps soon
    std::array<Worker, workers> workers_{Worker(0), Worker(1)};
};

} // namespace lbd::fuzz
