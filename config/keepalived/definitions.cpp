// SPDX-License-Identifier: BSD-3-Clause
#include "config/keepalived/definitions.h"

#include <cctype>

#include "config/keepalived/words.h"

namespace lbd::config::keepalived {

namespace {

std::size_t name_length(std::string_view text) {
    std::size_t length = 0;
    while (length < text.size() &&
           (std::isalnum(static_cast<unsigned char>(text[length])) != 0 || text[length] == '_')) {
        ++length;
    }
    return length > 0 && std::isdigit(static_cast<unsigned char>(text[0])) != 0 ? 0 : length;
}

struct Use {
    std::string_view name;
    std::size_t end; // behind it
};

// `text` is what is behind a dollar.
std::optional<Use> use_at(std::string_view text) {
    const bool braces = !text.empty() && text.front() == '{';
    const std::size_t start = braces ? 1 : 0;
    const auto length = name_length(text.substr(start));
    const auto end = start + length;
    const char next = end < text.size() ? text[end] : ' ';
    if (length == 0 ||
        (braces ? next != '}' : std::string_view(" \t,)").find(next) == std::string_view::npos)) {
        return std::nullopt;
    }
    return Use{.name = text.substr(start, length), .end = end + (braces ? 1 : 0)};
}

} // namespace

std::optional<Definitions::Start> Definitions::start_of(std::string_view line) {
    if (line.empty() || line.front() != '$') {
        return std::nullopt;
    }
    const auto length = name_length(line.substr(1));
    if (length == 0 || length + 1 >= line.size() || line[length + 1] != '=') {
        return std::nullopt;
    }
    return Start{.name = std::string(line.substr(1, length)),
                 .value = std::string(trimmed(line.substr(length + 2)))};
}

std::optional<Definitions::Lines> Definitions::expanded(std::string_view line) const {
    for (auto dollar = line.find('$'); dollar != std::string_view::npos;
         dollar = line.find('$', dollar + 1)) {
        const auto use = use_at(line.substr(dollar + 1));
        const auto found = use ? values_.find(use->name) : values_.end();
        if (found == values_.end()) {
            continue;
        }
        const auto rest = line.substr(dollar + 1 + use->end);
        // keepalived: nothing may be on the line behind the name of several lines.
        if (found->second.size() > 1 && !rest.empty()) {
            continue;
        }
        Lines lines = found->second;
        if (lines.empty()) {
            lines.emplace_back();
        }
        lines.front().insert(0, line.substr(0, dollar));
        lines.back() += rest;
        return lines;
    }
    return std::nullopt;
}

} // namespace lbd::config::keepalived
