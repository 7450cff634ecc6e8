// SPDX-License-Identifier: BSD-3-Clause
#include "config/keepalived/sequences.h"

#include <charconv>
#include <cstdint>
#include <cstdlib>

#include "config/keepalived/words.h"

namespace lbd::config::keepalived {

namespace {

// At the commas outside of braces.
std::vector<std::string> arguments_of(std::string_view list) {
    std::vector<std::string> arguments(1);
    int depth = 0;
    for (const char character : list) {
        depth += character == '{' ? 1 : character == '}' ? -1 : 0;
        if (character == ',' && depth == 0) {
            arguments.emplace_back();
        } else {
            arguments.back() += character;
        }
    }
    for (auto& argument : arguments) {
        argument = std::string(trimmed(argument));
    }
    return arguments;
}

// "{a, b}" or "a".
std::vector<std::string> members_of(const std::string& argument) {
    if (argument.size() >= 2 && argument.front() == '{' && argument.back() == '}') {
        return arguments_of(std::string_view(argument).substr(1, argument.size() - 2));
    }
    return {argument};
}

// Decimal, 0x... or 0..., as strtol() has them; bounded, so that nothing overflows.
std::optional<std::int64_t> signed_number(const std::string& text) {
    char* end = nullptr;
    const std::int64_t value = std::strtol(text.c_str(), &end, 0);
    constexpr std::int64_t most = 1'000'000'000;
    if (text.empty() || *end != '\0' || value > most || value < -most) {
        return std::nullopt;
    }
    return value;
}

std::string number_text(std::int64_t value, bool hexadecimal) {
    std::string text(24, ' ');
    const auto end =
        std::to_chars(text.data(), text.data() + text.size(), value, hexadecimal ? 16 : 10).ptr;
    text.resize(static_cast<std::size_t>(end - text.data()));
    return text;
}

bool add_sequence(const std::vector<std::string>& arguments, bool hexadecimal, std::size_t most,
                  Repetition& repetition) {
    std::vector<std::int64_t> numbers;
    for (std::size_t i = 1; i < arguments.size(); ++i) {
        const auto number = signed_number(arguments[i]);
        if (!number) {
            return false;
        }
        numbers.push_back(*number);
    }
    if (numbers.empty() || numbers.size() > 3) {
        return false;
    }
    const auto last = numbers.back();
    const auto first = numbers.size() > 1 ? numbers.front() : last < 0 ? -1 : 1;
    const auto step = numbers.size() == 3 ? numbers[1] : first <= last ? 1 : -1;
    if (step == 0 || (last - first) * step < 0 || (hexadecimal && (first < 0 || last < 0)) ||
        static_cast<std::uint64_t>((last - first) / step) >= most) {
        return false;
    }
    for (auto value = first; step > 0 ? value <= last : value >= last; value += step) {
        repetition.turns.push_back({{arguments.front(), number_text(value, hexadecimal)}});
    }
    return true;
}

bool add_list(const std::vector<std::string>& arguments, Repetition& repetition) {
    const auto names = members_of(arguments.front());
    for (std::size_t i = 1; i < arguments.size(); ++i) {
        const auto values = members_of(arguments[i]);
        if (values.size() != names.size()) {
            return false;
        }
        Repetition::Assignments turn;
        for (std::size_t j = 0; j < names.size(); ++j) {
            turn.emplace_back(names[j], values[j]);
        }
        repetition.turns.push_back(std::move(turn));
    }
    return !repetition.turns.empty();
}

} // namespace

std::optional<Repetition> repetition_of(std::string_view line, std::size_t most) {
    const auto open = line.find('(');
    const auto close = line.find(')');
    if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
        return std::nullopt;
    }
    const auto name = trimmed(line.substr(0, open));
    const auto arguments = arguments_of(line.substr(open + 1, close - open - 1));
    Repetition repetition{.turns = {}, .rest = std::string(trimmed(line.substr(close + 1)))};
    const bool list = name == "~LST";
    if (arguments.size() < 2 || arguments.size() > most ||
        (!list && name != "~SEQ" && name != "~SEQx")) {
        return std::nullopt;
    }
    const bool good = list ? add_list(arguments, repetition)
                           : add_sequence(arguments, name == "~SEQx", most, repetition);
    return good ? std::optional(std::move(repetition)) : std::nullopt;
}

} // namespace lbd::config::keepalived
