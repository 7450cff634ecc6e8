// SPDX-License-Identifier: BSD-3-Clause
// What goes into one mail. A value; no socket, no clock.
#pragma once

#include <array>
#include <cstddef>
#include <ctime>
#include <string>
#include <vector>

#include "config/config.h"
#include "lb/control/notify/event.h"

namespace lbd::control::notify {

class Digest {
  public:
    static constexpr std::size_t most_lines = 200;

    void add(const Event& event);
    bool empty() const { return events_ == 0; }

    // "web 192.0.2.11:80 DOWN", or how much of what: "12 changes: 9 backends down, ...".
    std::string subject() const;
    // A line for each event up to most_lines, then how many more there were. Lines end in CR LF.
    std::string body() const;

  private:
    std::size_t events_ = 0;
    std::array<std::size_t, config::occasion_words.size()> counts_{};
    std::string first_; // its title
    std::vector<std::string> lines_;
};

// Who writes to whom.
struct Envelope {
    std::string from;
    std::vector<std::string> to;
    std::string host; // on which lbd runs
    std::string name; // of lbd there
};

// The whole mail (RFC 5322): headers and body. `id`: unique, of letters and digits.
std::string mail_text(const Envelope& envelope, const Digest& digest, std::time_t now,
                      const std::string& id);

} // namespace lbd::control::notify
