// SPDX-License-Identifier: BSD-3-Clause
#include "tools/lbctl/fields.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace lbd::lbctl {

namespace json = boost::json;

namespace {

std::string whole(double value) {
    std::array<char, 32> buffer{};
    std::snprintf(buffer.data(), buffer.size(), "%.0f", value);
    return buffer.data();
}

// Boost.JSON takes 0e999 for zero times infinity, which is none.
double number_of(const json::value& value) {
    const auto number = value.to_number<double>();
    return std::isnan(number) ? 0 : number;
}

} // namespace

std::string printable(std::string_view text) {
    const auto byte = [text](std::size_t index) {
        return index < text.size() ? static_cast<unsigned char>(text[index]) : 0;
    };
    std::string result;
    for (std::size_t index = 0; index < text.size(); ++index) {
        // U+0080 to U+009F, in UTF-8: a terminal may take U+009B for ESC [.
        const bool c1 = byte(index) == 0xc2 && byte(index + 1) >= 0x80 && byte(index + 1) < 0xa0;
        const bool control = c1 || byte(index) < ' ' || byte(index) == 0x7f;
        result += control ? '?' : text[index];
        if (c1) ++index;
    }
    return result;
}

std::string text(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    if (value == nullptr) return {};
    if (value->is_number()) return whole(number_of(*value));
    if (!value->is_string()) return {};
    return printable(value->as_string());
}

double number(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    return value != nullptr && value->is_number() ? number_of(*value) : 0;
}

bool flag(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    return value != nullptr && value->is_bool() && value->as_bool();
}

const json::array& list(const json::object& object, std::string_view key) {
    static const json::array none;
    const json::value* value = object.if_contains(key);
    return value != nullptr && value->is_array() ? value->as_array() : none;
}

const json::object& child(const json::object& object, std::string_view key) {
    static const json::object none;
    const json::value* value = object.if_contains(key);
    return value != nullptr && value->is_object() ? value->as_object() : none;
}

bool is_ipv6(const json::object& object) {
    return text(object, "address").find(':') != std::string::npos;
}

std::string endpoint(const json::object& object) {
    const std::string address = text(object, "address");
    return (is_ipv6(object) ? '[' + address + ']' : address) + ':' + text(object, "port");
}

std::string upper(std::string word) {
    for (char& c : word)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    return word;
}

std::string scaled(double value) {
    constexpr std::array<const char*, 4> units{"K", "M", "G", "T"};
    if (value < 1e8) return whole(value);
    std::size_t unit = 0;
    for (value /= 1000; value >= 1e6 && unit + 1 < units.size(); ++unit) value /= 1000;
    return whole(value) + units[unit];
}

std::string duration(double seconds) {
    const auto total = static_cast<long>(std::clamp(seconds, 0.0, 1e12));
    std::array<char, 32> buffer{};
    if (total < 60)
        std::snprintf(buffer.data(), buffer.size(), "%lds", total);
    else if (total < 3600)
        std::snprintf(buffer.data(), buffer.size(), "%ldm%02lds", total / 60, total % 60);
    else if (total < 86400)
        std::snprintf(buffer.data(), buffer.size(), "%ldh%02ldm", total / 3600, total / 60 % 60);
    else
        std::snprintf(buffer.data(), buffer.size(), "%ldd%02ldh", total / 86400, total / 3600 % 24);
    return buffer.data();
}

std::string padded(std::string_view text, std::size_t width) {
    std::string result(text);
    if (result.size() < width) result.resize(width, ' ');
    return result;
}

std::string right(std::string_view text, std::size_t width) {
    return text.size() < width ? std::string(width - text.size(), ' ') + std::string(text)
                               : std::string(text);
}

} // namespace lbd::lbctl
