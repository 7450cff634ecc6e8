// SPDX-License-Identifier: BSD-3-Clause
// The document as it is written: words, lists and maps, each with its place. Knows YAML, not what
// the keys mean.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/errors.h"

namespace lbd::config {

struct YamlNode;
using YamlPointer = std::shared_ptr<const YamlNode>; // an alias shares its anchor's node

struct YamlNode {
    enum class Kind { nothing, word, list, map };
    struct Entry {
        std::string key;
        Place place; // of the key
        YamlPointer value;
    };
    Kind kind = Kind::nothing;
    Place place;
    std::string word;
    std::vector<YamlPointer> items;
    std::vector<Entry> entries;
    std::size_t size = 1; // nodes in it, every alias counted as what it stands for
};

// Limits far beyond any honest file; within them no document can exhaust memory or stack.
constexpr std::size_t most_bytes = 16U << 20U;
constexpr std::size_t most_nodes = 500'000; // after the expansion of aliases
constexpr std::size_t deepest_nesting = 32;

// The only document in `text`; a map without entries if there is none. Adds syntax errors and
// duplicate keys to `errors`, and returns null if there is nothing to go on with.
YamlPointer read_yaml(std::string_view text, ErrorList& errors);

} // namespace lbd::config
