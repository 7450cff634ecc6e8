// SPDX-License-Identifier: BSD-3-Clause
// The types a single value of the file may have. A type reads a word and says, in the same words
// for an error and for the manual page, what it accepts.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/config.h"

namespace lbd::config {

// A choice among words is a string.
using Value = std::variant<std::monostate, bool, std::uint64_t, std::string, Milliseconds,
                           IpAddress, Prefix, MacAddress, Device, Secret>;

struct Type {
    std::string allowed;
    std::function<std::optional<Value>(std::string_view)> parse;
};

Type boolean();
Type number(std::uint64_t least, std::uint64_t most);
// "300s", "5m", "10ms", "1h", "2d"; without a unit seconds, fractions allowed. The result is a
// multiple of `step`.
Type duration(Milliseconds least, Milliseconds most, Milliseconds step = Seconds{1});
Type word(std::vector<std::string> words);
Type text(std::string allowed, std::function<bool(std::string_view)> accepts);
// The same, but what is read can be shown to nobody.
Type secret(const Type& word); // what that type reads as text
Type ip_address();
Type ip_address(IpAddress::Family family);
Type prefix();
Type port_or_any(); // `any` is 0
Type mac_address();
Type device();

// Shortest way to write it: "1500ms", "2s", "1h".
std::string duration_text(Milliseconds duration);

} // namespace lbd::config
