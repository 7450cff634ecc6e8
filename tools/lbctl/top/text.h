// SPDX-License-Identifier: BSD-3-Clause
// Lines of a screen: text with a style, measured in columns.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lbd::lbctl::top {

enum class Style { plain, strong, good, bad, header };

// UTF-8, each character one column wide.
struct Span {
    std::string text;
    Style style = Style::plain;
};

using Line = std::vector<Span>;

std::size_t columns(std::string_view text);
std::size_t columns(const Line& line);
std::string plain_text(const Line& line);

// Cut, with '~' where something is missing, or filled with blanks, to that many columns.
std::string fitted(std::string_view text, std::size_t width);
void cut(Line& line, std::size_t width);

// In five columns at most: 0.3, 12, 9999, 12.3K, 456M.
std::string short_number(double value);

} // namespace lbd::lbctl::top
