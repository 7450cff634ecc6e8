// SPDX-License-Identifier: BSD-3-Clause
// Whether an interface whose link was lost may be master's again: what was missed meanwhile comes
// in first, as backends seemed down and peers told of connections in vain.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace lbd::control {

class LinkReturn {
  public:
    using Clock = std::chrono::steady_clock;

    struct Facts {
        bool link;
        bool state_received; // of the peers, or they are not there
        // Attempts of the health checks of backends that are down: the least.
        std::optional<std::uint64_t> attempts;
    };

    // Whether the attempts matter to the next judgement.
    bool waits() const { return lost_ || returned_; }
    // Why not, or empty.
    std::string judge(const Facts& facts, Clock::time_point now);

  private:
    bool lost_ = false;
    std::optional<Clock::time_point> returned_;
    std::uint64_t attempts_then_ = 0;
};

} // namespace lbd::control
