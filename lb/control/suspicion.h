// SPDX-License-Identifier: BSD-3-Clause
// Whether clients' new connections to a backend get no further than their SYN: in Direct Routing
// the backend's answer is not seen, but that the client goes on is. Time is counted in samples.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace lbd::control {

class Suspicion {
  public:
    struct Counts {              // since some beginning
        std::uint64_t opened;    // by a SYN
        std::uint64_t confirmed; // by the client's second packet
    };
    enum class Finding { none, first, again }; // again: as at the last sample

    // Five times a second. Looks at the connections opened in a second that ended a sample ago, so
    // that each has had its time.
    Finding sample(const Counts& counts, unsigned below_percent);

    bool suspected() const { return suspected_; }
    // Of the last sample.
    std::uint64_t opened() const { return opened_; }
    std::uint64_t confirmed() const { return confirmed_; }

  private:
    static constexpr std::size_t window = 7;
    static constexpr std::uint64_t fewest = 5; // fewer show nothing

    std::array<Counts, window> history_{}; // the oldest is at next_
    std::size_t next_ = 0;
    std::size_t known_ = 0;
    bool suspected_ = false;
    std::uint64_t opened_ = 0;
    std::uint64_t confirmed_ = 0;
};

} // namespace lbd::control
