// SPDX-License-Identifier: BSD-3-Clause
// The document as the schema understands it: every value of its type, every default filled in,
// every value still with its place, so that later checks can point at it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/errors.h"
#include "config/schema.h"
#include "config/types.h"
#include "config/yaml_tree.h"

namespace lbd::config {

struct Node {
    Place place;        // where it is given; of its section if it is not
    std::string path;   // services[0].port
    bool given = false; // false: the default, or nothing
    Value value;        // monostate: nothing, or what was given is not allowed
    std::vector<Node> items;
    struct Member;
    std::vector<Member> members;

    // A node without a value if there is no such member.
    const Node& operator[](std::string_view key) const;

    // Null if it has no value or is of another type.
    template <class T>
    const T* get() const {
        return std::get_if<T>(&value);
    }
    const std::string* text() const { return get<std::string>(); }
    bool is(std::string_view word) const { return text() != nullptr && *text() == word; }
};

struct Node::Member {
    std::string_view key; // the schema's
    Node node;
};

// Adds to `errors` whatever the schema does not allow. The result is safe to look at even then.
Node understand(const YamlNode& root, ErrorList& errors);

} // namespace lbd::config
