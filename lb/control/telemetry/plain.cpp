// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/telemetry/plain.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <cmath>
#include <cstdint>
#include <string>

namespace lbd::control::telemetry {

namespace json = boost::json;

namespace {

// DPDK keeps 16,384 bytes for a reply and drops what is beyond: there is to be room for its braces
// and the command's name.
constexpr std::size_t reply_size = 15'000;
// Each item takes 70 KB for as long as the reply is being written, however little it says.
constexpr std::size_t most_items = 100;
constexpr std::size_t longest_text = 127;

// DPDK drops what is not ASCII, and spells control characters as JSON does not.
std::string plain_text(std::string_view text) {
    std::string plain(text.substr(0, longest_text));
    std::replace_if(
        plain.begin(), plain.end(),
        [](char character) { return character < ' ' || character > '~'; }, '?');
    return plain;
}

std::uint64_t rounded(double number) {
    return std::isfinite(number) && number > 0 ? static_cast<std::uint64_t>(std::llround(number))
                                               : 0;
}

void put_fraction(json::object& plain, std::string_view key, double number) {
    constexpr std::string_view unit = "_seconds";
    const bool time = key.size() > unit.size() && key.substr(key.size() - unit.size()) == unit;
    if (time)
        plain[std::string(key.substr(0, key.size() - unit.size())) + "_ms"] =
            rounded(1000 * number);
    else
        plain[key] = rounded(number);
}

} // namespace

json::object plain(const json::object& document) {
    json::object result;
    for (const auto& [key, value] : document) {
        if (value.is_bool())
            result[key] = std::uint64_t{value.as_bool()};
        else if (value.is_double())
            put_fraction(result, key, value.as_double());
        else if (value.is_number())
            result[key] = value;
        else if (value.is_string())
            result[key] = plain_text(value.as_string());
        else if (value.is_object())
            result[key] = plain(value.as_object());
    }
    return result;
}

json::object page(json::object head, std::string_view key, std::size_t total, std::size_t from,
                  const std::function<json::object(std::size_t)>& item) {
    head["total"] = total;
    json::object items;
    std::size_t number = from;
    std::size_t size = json::serialize(head).size();
    for (; number < total && items.size() < most_items; ++number) {
        json::object next = plain(item(number));
        constexpr std::size_t punctuation = 4; // "0":{...},
        const std::string name = std::to_string(number);
        size += json::serialize(next).size() + name.size() + punctuation;
        if (size > reply_size) break;
        items[name] = std::move(next);
    }
    head["truncated"] = std::uint64_t{number < total};
    if (number < total) head["next"] = number;
    head[key] = std::move(items);
    return head;
}

} // namespace lbd::control::telemetry
