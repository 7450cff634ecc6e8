// SPDX-License-Identifier: BSD-3-Clause
// A line of keepalived.conf without its comment, and its words.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lbd::config::keepalived {

constexpr std::string_view blanks = " \t\f\r\v\n";

// Without a comment (# or ! outside of double quotes, unless after a backslash) and without blanks
// at both ends. A backslash that ends the line stays.
std::string without_comment(std::string_view line);

std::string_view trimmed(std::string_view text);

// Pieces between blanks. What is between " or ' is of one piece, with \n, \x41 and the like
// replaced; the quotes are gone.
std::vector<std::string> words_of(std::string_view line);

// The position of the first brace outside of double quotes; npos if there is none.
std::size_t find_brace(std::string_view text);

// What is run of a script: one word with arguments inside, of which ' keeps blanks together.
std::vector<std::string> program_of(std::string_view script);

} // namespace lbd::config::keepalived
