// SPDX-License-Identifier: BSD-3-Clause
// Every key of the file, once: type, default, bounds and the sentence of the manual page.
// Validation, defaults, the errors for unknown keys and lbd.yaml(5) are derived from it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "config/types.h"

namespace lbd::config {

struct Section;

struct Field {
    enum class Shape {
        value,
        values,     // a list of values
        section,    // a nested section; missing keys take their defaults
        overrides,  // the same section again; missing keys come from the outer one
        sections,   // a list of sections
        overriding, // a list of sections; missing keys come from elsewhere
    };
    std::string key;
    Shape shape = Shape::value;
    std::optional<Type> type{};       // of a value, or of each of the values
    const Section* section = nullptr; // of the other shapes
    bool required = false;            // for lists: at least one item
    std::string unless{};             // not required where this list has an item
    bool secret = false;              // is never shown; its type is secret()
    bool by_presence = false;         // of a section: that it is there means something
    std::string with{};               // has an effect only where this is given, too
    std::string fallback{};           // the default as a user would write it; empty: none
    std::string fallback_words{};     // what happens without it, where no constant says that
    std::string documentation{};
};

struct Section {
    std::string documentation;
    std::vector<Field> fields;

    const Field* find(std::string_view key) const;
    std::vector<std::string> keys() const;
};

// The most items a list may have.
constexpr std::size_t most_items = 65'536;

// The whole document. Immutable, built at the first call.
const Section& schema();

} // namespace lbd::config
