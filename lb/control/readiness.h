// SPDX-License-Identifier: BSD-3-Clause
// Whether this director may be master. At start it waits until neighbours are resolved, as far as
// they will be, and checks have judged; later only a dead worker or link takes readiness away.
#pragma once

#include <chrono>
#include <cstdint>
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
        // A worker that has not polled for so long hangs; its adverts would not leave either.
        Clock::duration longest_silence = std::chrono::seconds(2);
    };

    // Why not, or empty if ready.
    std::string judge(const Facts& facts, Clock::time_point now);
    // Whether it was a worker that was the reason.
    bool worker_hangs() const { return worker_hangs_; }

  private:
    struct Pulse {
        std::uint64_t polls = 0;
        Clock::time_point seen{};
    };

    Clock::time_point first_{};
    bool settled_ = false;
    bool worker_hangs_ = false;
    Clock::time_point hung_{}; // when a worker was last found to hang
    std::vector<Pulse> pulses_;
};

} // namespace lbd::control
