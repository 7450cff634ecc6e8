// SPDX-License-Identifier: BSD-3-Clause
#include "tools/lbctl/top/text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace lbd::lbctl::top {

namespace {

bool begins_character(char byte) { // of UTF-8
    return (static_cast<unsigned char>(byte) & 0xc0) != 0x80;
}

std::string_view first_columns(std::string_view text, std::size_t width) {
    std::size_t seen = 0;
    for (std::size_t index = 0; index < text.size(); ++index)
        if (begins_character(text[index]) && seen++ == width) return text.substr(0, index);
    return text;
}

std::string decimals(double value, int digits) {
    std::array<char, 32> buffer{};
    std::snprintf(buffer.data(), buffer.size(), "%.*f", digits, value);
    return buffer.data();
}

} // namespace

std::size_t columns(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

std::size_t columns(const Line& line) {
    std::size_t sum = 0;
    for (const Span& span : line) sum += columns(span.text);
    return sum;
}

std::string plain_text(const Line& line) {
    std::string text;
    for (const Span& span : line) text += span.text;
    return text;
}

std::string fitted(std::string_view text, std::size_t width) {
    const std::size_t has = columns(text);
    if (has <= width) return std::string(text) + std::string(width - has, ' ');
    return width == 0 ? "" : std::string(first_columns(text, width - 1)) + '~';
}

void cut(Line& line, std::size_t width) {
    for (Span& span : line) {
        const std::size_t has = columns(span.text);
        if (has > width) span.text = fitted(span.text, width);
        width -= std::min(has, width);
    }
}

std::string short_number(double value) {
    constexpr std::array<const char*, 7> units{"", "K", "M", "G", "T", "P", "E"};
    if (!(value > 0)) return "0";
    if (value < 9.95) return decimals(value, std::fabs(value - std::round(value)) < 0.05 ? 0 : 1);
    if (value < 9999.5) return decimals(value, 0);
    std::size_t unit = 1;
    for (value /= 1000; value >= 999.5 && unit + 1 < units.size(); ++unit) value /= 1000;
    if (value >= 999.5) return "lots";
    return decimals(value, value < 99.95 ? 1 : 0) + units.at(unit);
}

} // namespace lbd::lbctl::top
