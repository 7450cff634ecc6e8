// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/metrics/exposition.h"

#include <array>
#include <charconv>
#include <cmath>

namespace lbd::control::metrics {

namespace {

void append_escaped(std::string& text, std::string_view value, bool quoted) {
    for (const char character : value) {
        if (character == '\n')
            text += "\\n";
        else if (character == '\\' || (quoted && character == '"'))
            (text += '\\') += character;
        else
            text += character;
    }
}

} // namespace

std::string text_of(Labels labels) {
    if (labels.size() == 0) return {};
    std::string text;
    for (const auto& [name, value] : labels) {
        text += text.empty() ? '{' : ',';
        text += name;
        text += "=\"";
        append_escaped(text, value, true);
        text += '"';
    }
    return text + '}';
}

void Exposition::family(std::string_view name, Type type, std::string_view help) {
    name_ = name;
    ((text_ += "# HELP ") += name) += ' ';
    append_escaped(text_, help, false);
    ((text_ += "\n# TYPE ") += name) += type == Type::counter ? " counter\n" : " gauge\n";
}

template <class Number>
void Exposition::append(std::string_view labels, Number value) {
    std::array<char, 32> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    ((text_ += name_) += labels) += ' ';
    text_.append(digits.data(), end);
    text_ += '\n';
}

void Exposition::sample(std::string_view labels, std::uint64_t value) {
    append(labels, value);
}

void Exposition::sample(std::string_view labels, double value) {
    if (std::isfinite(value)) {
        append(labels, value);
        return;
    }
    // The format spells them otherwise than C++.
    ((text_ += name_) += labels) += std::isnan(value) ? " NaN\n"
                                    : value > 0       ? " +Inf\n"
                                                      : " -Inf\n";
}

} // namespace lbd::control::metrics
