// SPDX-License-Identifier: BSD-3-Clause
#include "health/smtp_replies.h"

#include <algorithm>

namespace lbd::health {

namespace {

// Lines of a reply but the last have a hyphen behind the code (RFC 5321 4.2.1).
bool is_continued(std::string_view line) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    return line.size() >= 4 && std::all_of(line.begin(), line.begin() + 3, is_digit) &&
           line[3] == '-';
}

} // namespace

std::optional<std::string> SmtpReplies::next() {
    for (auto end = received_.find('\n'); end != std::string::npos; end = received_.find('\n')) {
        std::string line = received_.substr(0, received_.find_first_of("\r\n"));
        received_.erase(0, end + 1);
        if (!is_continued(line)) return line;
    }
    return std::nullopt;
}

} // namespace lbd::health
