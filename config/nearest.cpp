// SPDX-License-Identifier: BSD-3-Clause
#include "config/nearest.h"

#include <algorithm>

#include "config/errors.h"

namespace lbd::config {

namespace {

// Longer words are no slips of the finger, and comparing them costs their product.
constexpr std::size_t longest_word = 64;
constexpr std::size_t most_listed = 40;

// Optimal string alignment (Damerau-Levenshtein without overlapping swaps).
std::size_t distance(std::string_view left, std::string_view right) {
    std::vector<std::vector<std::size_t>> table(left.size() + 1,
                                                std::vector<std::size_t>(right.size() + 1));
    for (std::size_t i = 0; i <= left.size(); ++i) {
        for (std::size_t j = 0; j <= right.size(); ++j) {
            if (i == 0 || j == 0) {
                table[i][j] = i + j;
                continue;
            }
            const std::size_t replaced = left[i - 1] == right[j - 1] ? 0 : 1;
            table[i][j] = std::min(
                {table[i - 1][j] + 1, table[i][j - 1] + 1, table[i - 1][j - 1] + replaced});
            if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1]) {
                table[i][j] = std::min(table[i][j], table[i - 2][j - 2] + 1);
            }
        }
    }
    return table[left.size()][right.size()];
}

} // namespace

std::optional<std::string> nearest(std::string_view word,
                                   const std::vector<std::string>& candidates) {
    if (word.size() > longest_word) {
        return std::nullopt;
    }
    std::optional<std::string> best;
    std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
    for (const auto& candidate : candidates) {
        if (candidate.size() > longest_word) {
            continue;
        }
        const auto apart = distance(word, candidate);
        if (apart < best_distance) {
            best_distance = apart;
            best = candidate;
        }
    }
    return best;
}

std::string suggestion(std::string_view word, const std::vector<std::string>& candidates) {
    if (const auto meant = nearest(word, candidates)) {
        return "; did you mean " + in_quotes(*meant) + "?";
    }
    std::string known;
    for (std::size_t i = 0; i < std::min(candidates.size(), most_listed); ++i) {
        known += (known.empty() ? "; known: " : ", ") + in_quotes(candidates[i]);
    }
    return known;
}

} // namespace lbd::config
