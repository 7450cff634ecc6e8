// SPDX-License-Identifier: BSD-3-Clause
// What `lbctl init` has to know, from flags or asked for.
#pragma once

#include <iosfwd>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lbd::lbctl {

struct Question {
    std::string_view flag;
    std::string_view text;
    bool required;
    std::string_view otherwise; // the answer where none is given; empty: none
};

using Answers = std::map<std::string, std::vector<std::string>, std::less<>>; // by flag

std::span<const Question> questions();

// Asks for each required answer that is missing. An empty line leaves it missing.
void ask_missing(Answers& answers, std::istream& in, std::ostream& out);

// The single answer, or what holds without one. Throws std::invalid_argument, naming the flag, if a
// required one is missing or there are several.
std::string answer(const Answers& answers, std::string_view flag);

// Words of all answers, split at commas and blanks; at least one if it is required.
std::vector<std::string> answers_of(const Answers& answers, std::string_view flag);

} // namespace lbd::lbctl
