// SPDX-License-Identifier: BSD-3-Clause
// Whether this director may be master. At start it waits until neighbours are resolved, as far as
// they will be, and checks have judged; later only a dead worker or link takes readiness away.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lbd::control {

class Readiness {
  public:
    using Clock = std::chrono::steady_clock;

    struct Facts {
        bool neighbours_concluded;
        bool checks_judged;
        bool state_received;                     // of the peers, or they are not there
        std::vector<std::uint64_t> worker_polls; // of each worker, growing while it lives
        // A thread that has not polled for so long hangs; adverts would not leave either.
        Clock::duration longest_silence = std::chrono::seconds(2);
        // Of the thread between workers and companion interfaces, likewise growing.
        std::optional<std::uint64_t> host_rounds = std::nullopt;
    };

    // Why not, or empty if ready.
    std::string judge(const Facts& facts, Clock::time_point now);
    // Whether it was a thread that hangs, or has, that was the reason.
    bool thread_hangs() const { return thread_hangs_; }
    // Which hang now: workers' numbers, and their count for the host's.
    const std::vector<std::size_t>& hanging() const { return hanging_; }

  private:
    void look_for_silence(const Facts& facts, Clock::time_point now);

    struct Pulse {
        std::uint64_t polls = 0;
        Clock::time_point seen{};
    };

    Clock::time_point first_{};
    bool settled_ = false;
    bool thread_hangs_ = false;
    std::vector<std::size_t> hanging_;
    Clock::time_point hung_{};  // when a thread was last found to hang
    std::vector<Pulse> pulses_; // of the workers, and then of the host's
};

} // namespace lbd::control
