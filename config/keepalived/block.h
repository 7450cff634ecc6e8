// SPDX-License-Identifier: BSD-3-Clause
// keepalived.conf as a tree.
#pragma once

#include <string>
#include <vector>

#include "config/keepalived/reader.h"

namespace lbd::config::keepalived {

// A line, and what is between the braces behind it.
struct Block {
    Origin origin;
    int last_line = 0; // where its brace is closed, if that is in the same file
    std::vector<std::string> words;
    bool braces = false;
    std::vector<Block> items;
    std::string shown{}; // in reports; empty: the first word

    const std::string& keyword() const { return words.front(); }
};

// Throws Malformed, which names the line of a brace that is not closed or not opened.
std::vector<Block> blocks_of(const std::vector<Line>& lines);

} // namespace lbd::config::keepalived
