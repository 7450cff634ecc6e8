// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/sync/stream.h"

#include <algorithm>

namespace lbd::control::sync {

namespace {

using namespace std::chrono_literals;

// Longer than packets overtake each other, shorter than a failover.
constexpr auto before_asking = 3ms;
constexpr auto before_asking_again = 20ms;
constexpr auto gap_patience = 1s;

} // namespace

void History::add(Bytes datagram, Clock::time_point now) {
    ++last_;
    times_[last_ % capacity] = now;
    datagrams_[last_ % capacity] = std::move(datagram);
}

const Bytes* History::find(std::uint64_t sequence) const {
    if (sequence == 0 || sequence > last_ || last_ - sequence >= capacity) return nullptr;
    return &datagrams_[sequence % capacity];
}

Clock::time_point History::sent_at(std::uint64_t sequence) const {
    const std::uint64_t oldest = last_ < capacity ? 1 : last_ - capacity + 1;
    return times_[std::max(sequence, oldest) % capacity];
}

void Inbox::start(std::uint64_t last) {
    expected_ = last + 1;
    known_ = counted_to_ = last;
    waiting_.clear();
    gap_since_.reset();
}

void Inbox::arrived(std::uint64_t sequence, Contents contents, Clock::time_point now) {
    if (sequence < expected_ || waiting_.contains(sequence)) {
        ++duplicates_;
        return;
    }
    known_ = std::max(known_, sequence);
    // What does not fit is repaired when its turn comes.
    if (sequence == expected_ || waiting_.size() < most_waiting)
        waiting_.emplace(sequence, std::move(contents));
    note_gap(now);
}

void Inbox::heard_of(std::uint64_t last, Clock::time_point now) {
    known_ = std::max(known_, last);
    note_gap(now);
}

void Inbox::note_gap(Clock::time_point now) {
    if (known_ < expected_ || waiting_.contains(expected_))
        gap_since_.reset();
    else if (!gap_since_)
        gap_since_ = now;
}

std::optional<Inbox::Contents> Inbox::next(Clock::time_point now) {
    const auto first = waiting_.find(expected_);
    if (first == waiting_.end()) return std::nullopt;
    Contents contents = std::move(first->second);
    waiting_.erase(first);
    ++expected_;
    note_gap(now);
    return contents;
}

std::optional<std::pair<std::uint64_t, std::uint64_t>> Inbox::to_repair(Clock::time_point now) {
    if (!gap_since_ || now - *gap_since_ < before_asking || now - asked_ < before_asking_again)
        return std::nullopt;
    asked_ = now;
    std::uint64_t last = waiting_.empty() ? known_ : waiting_.begin()->first - 1;
    last = std::min(last, expected_ + most_waiting);
    const std::uint64_t uncounted = std::max(expected_, counted_to_ + 1);
    if (last >= uncounted) lost_ += last - uncounted + 1;
    counted_to_ = std::max(counted_to_, last);
    return std::pair(expected_, last);
}

bool Inbox::hopeless(Clock::time_point now) const {
    return gap_since_ && now - *gap_since_ > gap_patience;
}

} // namespace lbd::control::sync
