// SPDX-License-Identifier: BSD-3-Clause
#include "config/keepalived/report.h"

namespace lbd::config::keepalived {

std::string Origin::text() const {
    return printable(file) + ':' + std::to_string(line);
}

Malformed::Malformed(const Origin& origin, std::string_view message)
    : std::runtime_error(origin.text() + ": " + std::string(message)) {}

std::string printable(std::string_view text) {
    constexpr std::size_t longest = 200;
    constexpr std::string_view digits = "0123456789abcdef";
    std::string shown;
    for (const char character : text.substr(0, longest)) {
        const auto byte = static_cast<unsigned char>(character);
        if (byte < ' ' || byte >= 0x7f) {
            shown += "\\x";
            shown += digits[byte >> 4U];
            shown += digits[byte & 0xfU];
        } else {
            shown += character;
        }
    }
    return text.size() > longest ? shown + "..." : shown;
}

void Report::lost(const Origin& origin, int last_line, std::string_view keyword,
                  std::string_view reason) {
    entries_.push_back({.origin = origin,
                        .last_line = last_line,
                        .text = printable(keyword) + ": not carried over: " + std::string(reason),
                        .lost = true});
}

void Report::changed(const Origin& origin, int last_line, std::string_view keyword,
                     std::string_view reason) {
    entries_.push_back({.origin = origin,
                        .last_line = last_line,
                        .text = printable(keyword) + ": changed: " + std::string(reason),
                        .lost = true});
}

void Report::noted(const Origin& origin, int last_line, std::string_view keyword,
                   std::string_view reason) {
    entries_.push_back({.origin = origin,
                        .last_line = last_line,
                        .text = printable(keyword) + ": " + std::string(reason)});
}

} // namespace lbd::config::keepalived
