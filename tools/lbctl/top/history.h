// SPDX-License-Identifier: BSD-3-Clause
// The last values of a figure, and how they look as a sparkline.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace lbd::lbctl::top {

class History {
  public:
    static constexpr std::size_t capacity = 600;

    void add(double value);
    void add_gap(); // lbd did not answer

    // The highest of each `each` values, at most `count` of them, oldest first; NaN for gaps. A
    // value stays with the same neighbours while time goes on, so that peaks move and do not
    // flicker.
    std::vector<double> peaks(std::size_t count, std::size_t each) const;

  private:
    std::deque<double> values_;
    std::uint64_t added_ = 0; // ever
};

enum class Glyphs { ascii, blocks };

// One column a value: from the bottom for 0 to full for `highest` and above, or for the highest of
// the values if `highest` is 0. Gaps are blank.
std::string sparkline(const std::vector<double>& values, double highest, Glyphs glyphs);

} // namespace lbd::lbctl::top
