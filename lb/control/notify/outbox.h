// SPDX-License-Identifier: BSD-3-Clause
// When a mail goes out and with what in it: never two within the interval, one at a time, and again
// after a failure. Bounded, however long the server is gone. Time is handed in.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "lb/control/notify/digest.h"

namespace lbd::control::notify {

class Outbox {
  public:
    using Time = std::chrono::steady_clock::time_point;
    using Compose = std::function<std::string(const Digest&)>;

    static constexpr unsigned most_attempts = 6;
    static constexpr std::chrono::minutes longest_pause{10};

    explicit Outbox(std::chrono::milliseconds collect) : collect_(collect) {}
    void set_interval(std::chrono::milliseconds collect) { collect_ = collect; }

    void add(const Event& event, Time now);
    // From now on what there is goes out at once, and only once.
    void hurry() { hurried_ = true; }

    // When the next attempt is to begin; nothing: one is under way, or there is nothing to send.
    std::optional<Time> due() const;
    // The text to send, composed at the first attempt. Only if one is due.
    const std::string& begin(Time now, const Compose& compose);
    void succeeded();
    // The pause until the next attempt; nothing: it is given up.
    std::optional<std::chrono::milliseconds> failed(Time now);

    // Mails that are under way, wait for another attempt or are being collected.
    std::uint64_t pending() const { return (letter_ ? 1U : 0U) + (digest_.empty() ? 0U : 1U); }
    std::uint64_t sent() const { return sent_; }
    std::uint64_t given_up() const { return given_up_; }

  private:
    std::chrono::milliseconds collect_;
    Digest digest_;
    Time due_{};                        // of the digest
    Time not_before_{};                 // at most one mail an interval
    std::optional<std::string> letter_; // taken from the digest, not delivered yet
    bool under_way_ = false;
    unsigned attempts_ = 0; // at the letter
    Time again_{};
    bool hurried_ = false;
    std::uint64_t sent_ = 0;
    std::uint64_t given_up_ = 0;
};

} // namespace lbd::control::notify
