// SPDX-License-Identifier: BSD-3-Clause
#include "tools/lbctl/top/history.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string_view>

namespace lbd::lbctl::top {

namespace {

constexpr double gap = std::numeric_limits<double>::quiet_NaN();

constexpr std::array<std::string_view, 8> blocks{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::array<std::string_view, 8> characters{"_", ".", ":", "-", "=", "+", "*", "#"};

// What is more than nothing is never drawn as nothing.
std::size_t level(double value, double highest) {
    if (!(value > 0)) return 0;
    const double share = value / highest;
    return share < 1 ? static_cast<std::size_t>(std::ceil(share * 7)) : 7;
}

} // namespace

void History::add(double value) {
    values_.push_back(value);
    ++added_;
    if (values_.size() > capacity) values_.pop_front();
}

void History::add_gap() {
    add(gap);
}

std::vector<double> History::peaks(std::size_t count, std::size_t each) const {
    std::vector<double> result;
    each = std::max<std::size_t>(each, 1);
    std::uint64_t number = added_ - values_.size();
    std::uint64_t group = std::numeric_limits<std::uint64_t>::max();
    for (const double value : values_) {
        if (number / each != group) result.push_back(gap);
        group = number++ / each;
        result.back() = std::fmax(result.back(), value); // a gap gives way to any number
    }
    if (result.size() > count)
        result.erase(result.begin(), result.end() - static_cast<std::ptrdiff_t>(count));
    return result;
}

std::string sparkline(const std::vector<double>& values, double highest, Glyphs glyphs) {
    if (highest <= 0)
        for (const double value : values) highest = std::fmax(highest, value);
    std::string result;
    for (const double value : values) {
        if (std::isnan(value))
            result += ' ';
        else
            result += (glyphs == Glyphs::blocks ? blocks : characters).at(level(value, highest));
    }
    return result;
}

} // namespace lbd::lbctl::top
