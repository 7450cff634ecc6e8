// SPDX-License-Identifier: BSD-3-Clause
// The numbered datagrams between one sender and one receiver: what was sent lately can be repeated,
// and what arrives is handed on in order. No socket, no clock of their own.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "lb/control/sync/message.h"

namespace lbd::control::sync {

using Clock = std::chrono::steady_clock;

// The datagrams sent lately, by number.
class History {
  public:
    static constexpr std::size_t capacity = 4096;

    std::uint64_t last() const { return last_; }
    std::uint64_t next() const { return last_ + 1; }
    // The datagram of number next().
    void add(Bytes datagram, Clock::time_point now);
    // Null if it was too long ago, or is yet to come.
    const Bytes* find(std::uint64_t sequence) const;
    // Whether all that came after that number is still there.
    bool reaches_back_to(std::uint64_t sequence) const {
        return sequence == last_ || find(sequence + 1) != nullptr;
    }
    // When it was sent, or, if that was too long ago, what is known of it.
    Clock::time_point sent_at(std::uint64_t sequence) const;

  private:
    std::vector<Bytes> datagrams_{capacity};
    std::vector<Clock::time_point> times_{capacity};
    std::uint64_t last_ = 0;
};

// What has arrived of a sender, handed on in order.
class Inbox {
  public:
    static constexpr std::size_t most_waiting = 1024;

    // From now on, data after `last`.
    void start(std::uint64_t last);

    struct Contents {
        std::uint16_t items;
        Bytes bytes;
    };
    // Takes in the contents of a datagram.
    void arrived(std::uint64_t sequence, Contents contents, Clock::time_point now);
    // What a heartbeat says of the last number.
    void heard_of(std::uint64_t last, Clock::time_point now);
    // The next in order, if it is there.
    std::optional<Contents> next(Clock::time_point now);

    // The missing numbers to ask for now, from first to last; each time asked for again later.
    std::optional<std::pair<std::uint64_t, std::uint64_t>> to_repair(Clock::time_point now);
    // What is missing does not come any more: only starting anew helps.
    bool hopeless(Clock::time_point now) const;

    std::uint64_t handed_on() const { return expected_ - 1; }
    std::uint64_t lost() const { return lost_; }
    std::uint64_t duplicates() const { return duplicates_; }

  private:
    void note_gap(Clock::time_point now);

    std::uint64_t expected_ = 1;
    std::uint64_t known_ = 0; // the highest number known to have been sent
    std::map<std::uint64_t, Contents> waiting_;
    std::optional<Clock::time_point> gap_since_;
    Clock::time_point asked_{};
    std::uint64_t lost_ = 0;       // numbers that had to be asked for
    std::uint64_t counted_to_ = 0; // of which all missing are in lost_
    std::uint64_t duplicates_ = 0;
};

} // namespace lbd::control::sync
