// SPDX-License-Identifier: BSD-3-Clause
// Tells the control thread what the workers decide about one client's packets. A worker writes what
// it has seen into a ring of its own, never waits, and counts what it leaves out.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "lb/dataplane/counters.h"
#include "lb/dataplane/parse.h"
#include "lb/dataplane/trace_record.h"
#include "lb/dataplane/value_ring.h"

namespace lbd::dataplane {

// Reads what can be read of a frame, whole or not, that came in and was parsed. Nothing if it is
// not IP or ends before its addresses do. Does not change it.
std::optional<TracedPacket> traced_packet(const rte_mbuf& packet, const Parsed& parsed);

struct TraceWish {
    Ipv6 client{}; // IPv4: the first four bytes
    bool ipv6 = false;
    rte_be16_t port = 0; // of the client; 0: any

    // Whether it is the client's, or an ICMP error about a flow of the client's. What has no port
    // that can be read may be of any.
    bool matches(const TracedPacket& packet) const;
};

// At most so many takings a second, and as many at once after a rest.
class TokenBucket {
  public:
    explicit TokenBucket(std::uint32_t per_second)
        : per_tick_(per_second), tokens_(std::uint64_t{per_second} * price) {}

    bool take(Tick now) {
        const std::uint64_t most = per_tick_ * price;
        tokens_ = std::min(most, tokens_ + per_tick_ * (now - last_));
        last_ = now;
        if (tokens_ < price) return false;
        tokens_ -= price;
        return true;
    }

  private:
    static constexpr std::uint64_t price = ticks_per_second; // a tick brings `per_second` then
    std::uint64_t per_tick_;
    std::uint64_t tokens_;
    Tick last_ = 0;
};

// What goes from one worker to the reader of a trace.
struct TraceChannel {
    static constexpr unsigned ring_size = 256;

    explicit TraceChannel(std::uint32_t per_second) : bucket(per_second) {}

    // Whether the worker should tell of a packet; if not, it is counted as left out.
    bool admits(Tick now) {
        if (records.room() != 0 && bucket.take(now)) return true;
        left_out.add(1);
        return false;
    }

    ValueRing<TraceRecord> records{ring_size};
    TokenBucket bucket; // the worker's
    Counter left_out;   // by the worker: packets that would have matched
};

// A worker is held to the rate by itself; all together are by the reader.
struct Trace {
    Trace(const TraceWish& wanted, std::uint32_t per_second, std::size_t workers) : wish(wanted) {
        for (std::size_t worker = 0; worker < workers; ++worker)
            channels.push_back(std::make_unique<TraceChannel>(per_second));
    }

    TraceWish wish;
    std::vector<std::unique_ptr<TraceChannel>> channels; // by worker
};

constexpr std::size_t most_traces = 4;

// Never more than most_traces.
using TraceList = std::vector<std::shared_ptr<Trace>>;

} // namespace lbd::dataplane
