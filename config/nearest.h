// SPDX-License-Identifier: BSD-3-Clause
// What somebody probably meant by a word that is not known.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lbd::config {

// The candidate with the fewest insertions, deletions, replacements and swaps of neighbouring
// characters; none if even that one is too far to be what was meant.
std::optional<std::string> nearest(std::string_view word,
                                   const std::vector<std::string>& candidates);

// "; did you mean 'port'?", or else "; known: 'a', 'b'". Nothing if there are no candidates.
std::string suggestion(std::string_view word, const std::vector<std::string>& candidates);

} // namespace lbd::config
