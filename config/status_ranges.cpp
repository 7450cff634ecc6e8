// SPDX-License-Identifier: BSD-3-Clause
#include "config/status_ranges.h"

#include <charconv>

namespace lbd::config {

namespace {

std::optional<unsigned> status(std::string_view text) {
    unsigned number = 0;
    const auto* last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), last, number);
    const bool good = error == std::errc{} && end == last && number >= 100 && number <= 599;
    return good ? std::optional(number) : std::nullopt;
}

} // namespace

std::optional<std::vector<std::pair<unsigned, unsigned>>> status_ranges(std::string_view text) {
    std::vector<std::pair<unsigned, unsigned>> ranges;
    while (true) {
        const auto comma = text.find(',');
        const auto range = text.substr(0, comma);
        const auto dash = range.find('-');
        const auto first = status(range.substr(0, dash));
        const auto last = dash == std::string_view::npos ? first : status(range.substr(dash + 1));
        if (!first || !last || *first > *last) {
            return std::nullopt;
        }
        ranges.emplace_back(*first, *last);
        if (comma == std::string_view::npos) {
            return ranges;
        }
        text = text.substr(comma + 1);
    }
}

} // namespace lbd::config
