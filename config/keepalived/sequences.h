// SPDX-License-Identifier: BSD-3-Clause
// ~SEQ(...) and ~LST(...): the rest of the line again and again, with other values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lbd::config::keepalived {

struct Repetition {
    using Assignments = std::vector<std::pair<std::string, std::string>>; // name, value
    std::vector<Assignments> turns;
    std::string rest; // of the line
};

// Of a line that starts with ~. Nothing if it makes no sense or has more than `most` turns.
std::optional<Repetition> repetition_of(std::string_view line, std::size_t most);

} // namespace lbd::config::keepalived
