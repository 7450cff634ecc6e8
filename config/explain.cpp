// SPDX-License-Identifier: BSD-3-Clause
#include "config/explain.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "config/checked_document.h"
#include "config/schema.h"
#include "config/value_text.h"

namespace lbd::config {

namespace {

constexpr std::string_view default_mark = " # default";

// Whether it has an effect in this section, beside what else is given there.
bool applies(const Field& field, const Node& section) {
    return field.with.empty() || section[field.with].given;
}

// Asterisks that are a value of the type, so that the result loads.
std::string hidden(const Type& type) {
    std::string asterisks(8, '*');
    while (!type.parse(asterisks) && asterisks.size() < 64) {
        asterisks += '*';
    }
    return asterisks;
}

// A section that is being written.
struct Level {
    const Section* section;
    const Node* node;
    bool overriding; // an item of a list whose missing keys come from elsewhere
};

class Writer {
  public:
    std::string document(const Section& section, const Node& root) {
        write_fields(section, root, 0, false);
        return std::move(text_);
    }

  private:
    void write_fields(const Section& section, const Node& node, std::size_t depth,
                      bool overriding) {
        within_.push_back({&section, &node, overriding});
        for (const auto& field : section.fields) {
            write(field, node[field.key], node, depth);
        }
        within_.pop_back();
    }

    void write(const Field& field, const Node& node, const Node& parent, std::size_t depth) {
        switch (field.shape) {
            case Field::Shape::value:
                return write_value(field, node, parent, depth);
            case Field::Shape::values:
                return write_values(field, node, depth);
            case Field::Shape::section:
                return write_section(field, node, depth);
            case Field::Shape::overrides:
                return write_overrides(field, node, depth);
            case Field::Shape::sections:
            case Field::Shape::overriding:
                return write_sections(field, node, depth);
        }
    }

    void write_value(const Field& field, const Node& node, const Node& parent, std::size_t depth) {
        if (node.get<std::monostate>() != nullptr) {
            return write_absence(field, depth);
        }
        if (!node.given && !applies(field, parent)) {
            return comment(depth, field.key + ": of no effect without " + field.with);
        }
        const auto value =
            quoted_word(field.secret ? hidden(*field.type) : value_text(node.value, *field.type));
        line(depth, field.key + ": " + value +
                        (field.secret ? " # not shown"
                         : node.given ? ""
                                      : std::string(default_mark)));
    }

    void write_values(const Field& field, const Node& node, std::size_t depth) {
        if (!node.given) {
            return write_absence(field, depth);
        }
        std::string list;
        for (const auto& item : node.items) {
            list += (list.empty() ? "" : ", ") + quoted_word(value_text(item.value, *field.type));
        }
        line(depth, field.key + ": [" + list + ']');
    }

    void write_section(const Field& field, const Node& node, std::size_t depth) {
        if (!node.given && field.by_presence) {
            return comment(depth, field.key + ": default: none");
        }
        line(depth, field.key + ':' + (node.given ? "" : std::string(default_mark)));
        write_fields(*field.section, node, depth + 1, false);
    }

    void write_overrides(const Field& field, const Node& node, std::size_t depth) {
        if (!node.given) {
            return comment(depth, field.key + ": default: nothing differs");
        }
        line(depth, field.key + ':');
        write_fields(*field.section, node, depth + 1, false);
    }

    void write_sections(const Field& field, const Node& node, std::size_t depth) {
        if (node.items.empty()) {
            return line(depth, field.key + ": []" + (node.given ? "" : std::string(default_mark)));
        }
        line(depth, field.key + ':');
        for (const auto& item : node.items) {
            line(depth + 1, "-");
            write_fields(*field.section, item, depth + 2, field.shape == Field::Shape::overriding);
        }
    }

    // A key without a value of its own.
    void write_absence(const Field& field, std::size_t depth) {
        const auto* inherited = within_.back().overriding ? nullptr : outer(field);
        if (inherited != nullptr) {
            const auto value = quoted_word(value_text(inherited->value, *field.type));
            return comment(depth, field.key + ": " + value + ", from further out");
        }
        comment(depth, field.key + ": default: " +
                           (!field.fallback.empty()        ? "from further out"
                            : field.fallback_words.empty() ? "none"
                                                           : field.fallback_words));
    }

    // The field of the level that has the same keys as the section being written. Null: none.
    const Field* same_kind(const Level& level) const {
        const auto& fields = level.section->fields;
        const auto found = std::find_if(fields.begin(), fields.end(), [&](const Field& field) {
            return field.section == within_.back().section &&
                   (field.shape == Field::Shape::section || field.shape == Field::Shape::overrides);
        });
        return found == fields.end() ? nullptr : &*found;
    }

    // What a section that overrides others takes from the innermost of these that has the key.
    // Null: there is none, or it depends: an item of `checks` may serve several backends.
    const Node* outer(const Field& wanted) const {
        if (wanted.shape != Field::Shape::value || wanted.fallback.empty()) {
            return nullptr;
        }
        for (auto level = within_.rbegin() + 1; level != within_.rend(); ++level) {
            const auto* outer = same_kind(*level);
            if (outer == nullptr) {
                continue;
            }
            const auto& value = (*level->node)[outer->key][wanted.key];
            if (value.get<std::monostate>() == nullptr) {
                return &value;
            }
        }
        return nullptr;
    }

    void line(std::size_t depth, const std::string& words) {
        text_ += std::string(2 * depth, ' ') + words + '\n';
    }
    void comment(std::size_t depth, const std::string& words) { line(depth, "# " + words); }

    std::vector<Level> within_; // the outermost first
    std::string text_;
};

} // namespace

std::string explain(std::string_view text, const std::string& filename) {
    const auto root = checked_document(text, filename);
    return Writer().document(schema(), root);
}

} // namespace lbd::config
