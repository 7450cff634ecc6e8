// SPDX-License-Identifier: BSD-3-Clause
#include "config/schema_parts.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace lbd::config::parts {

Field value(Text key, Type type, Text fallback, Text documentation) {
    return {.key = std::move(key),
            .type = std::move(type),
            .fallback = std::move(fallback),
            .documentation = std::move(documentation)};
}

Field required(Text key, Type type, Text documentation) {
    auto field = value(std::move(key), std::move(type), "", std::move(documentation));
    field.required = true;
    return field;
}

Field optional(Text key, Type type, Text without, Text documentation) {
    auto field = value(std::move(key), std::move(type), "", std::move(documentation));
    field.fallback_words = std::move(without);
    return field;
}

Field values(Text key, Type type, Text without, Text documentation) {
    auto field =
        optional(std::move(key), std::move(type), std::move(without), std::move(documentation));
    field.shape = Shape::values;
    return field;
}

Field required_values(Text key, Type type, Text documentation) {
    auto field = values(std::move(key), std::move(type), "", std::move(documentation));
    field.required = true;
    return field;
}

Field nested(Shape shape, Text key, const Section& section, Text documentation) {
    return {.key = std::move(key),
            .shape = shape,
            .section = &section,
            .documentation = std::move(documentation)};
}

Field by_presence(Field section) {
    section.by_presence = true;
    return section;
}

Field with(Text key, Field field) {
    field.with = std::move(key);
    return field;
}

Type word_of(Text characters, std::size_t longest) {
    return text("1.." + std::to_string(longest) + " of A-Z a-z 0-9 " + characters,
                [characters, longest](std::string_view word) {
                    return !word.empty() && word.size() <= longest &&
                           std::all_of(word.begin(), word.end(), [&](char character) {
                               return std::isalnum(static_cast<unsigned char>(character)) != 0 ||
                                      characters.find(character) != Text::npos;
                           });
                });
}

Type label() {
    return word_of("_-.", 63);
}

// Linux: dev_valid_name() and IFNAMSIZ.
Type interface_name() {
    const auto type = word_of("_-.", 15);
    return text(type.allowed + ", not . or ..", [type](std::string_view name) {
        return type.parse(name).has_value() && name != "." && name != "..";
    });
}

bool is_graphic(char character) {
    return character > ' ' && character <= '~';
}

Type graphic(Text allowed, std::size_t longest) {
    return text(std::move(allowed), [longest](std::string_view word) {
        return !word.empty() && word.size() <= longest &&
               std::all_of(word.begin(), word.end(), is_graphic);
    });
}

} // namespace lbd::config::parts
