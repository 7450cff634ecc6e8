// SPDX-License-Identifier: BSD-3-Clause
#include "config/document.h"

#include <algorithm>

#include "config/nearest.h"

namespace lbd::config {

namespace {

// What a word that is not allowed may be shown as.
enum class Shown { whole, as_key, hidden };

std::string found_text(const YamlNode& node, Shown shown) {
    switch (node.kind) {
        case YamlNode::Kind::nothing:
            return "nothing";
        case YamlNode::Kind::list:
            return node.items.empty() ? "an empty list" : "a list";
        case YamlNode::Kind::map:
            return "a section";
        case YamlNode::Kind::word:
            break;
    }
    switch (shown) {
        case Shown::hidden:
            return std::to_string(node.word.size()) + " characters";
        case Shown::as_key:
            return key_in_quotes(node.word);
        case Shown::whole:
            break;
    }
    return in_quotes(node.word);
}

Node node_at(Place place, const std::string& path, bool given) {
    Node node;
    node.place = place;
    node.path = path;
    node.given = given;
    return node;
}

class SectionReader {
  public:
    explicit SectionReader(ErrorList& errors) : errors_(errors) {}

    // `defaults`: whether missing keys take the schema's, or stay without a value.
    Node section(const Section& section, const YamlNode& yaml, const std::string& path,
                 bool defaults) {
        Node node = node_at(yaml.place, path, true);
        if (yaml.kind != YamlNode::Kind::map && yaml.kind != YamlNode::Kind::nothing) {
            wrong(yaml, path, "a section with " + keys_text(section), Shown::as_key);
            return node;
        }
        report_unknown_keys(section, yaml, path);
        for (const auto& field : section.fields) {
            const auto entry =
                std::find_if(yaml.entries.begin(), yaml.entries.end(),
                             [&](const YamlNode::Entry& each) { return each.key == field.key; });
            const auto member_path = path.empty() ? field.key : path + '.' + field.key;
            node.members.push_back({field.key, entry == yaml.entries.end()
                                                   ? missing(field, yaml, member_path, defaults)
                                                   : given(field, *entry, member_path)});
        }
        return node;
    }

  private:
    static std::string keys_text(const Section& section) {
        std::string text;
        for (const auto& key : section.keys()) {
            text += (text.empty() ? "" : ", ") + key;
        }
        return text;
    }

    void wrong(const YamlNode& yaml, const std::string& path, const std::string& allowed,
               Shown shown = Shown::whole) {
        errors_.not_allowed(yaml.place, path, found_text(yaml, shown), allowed);
    }

    void report_unknown_keys(const Section& section, const YamlNode& yaml,
                             const std::string& path) {
        for (const auto& entry : yaml.entries) {
            if (section.find(entry.key) == nullptr) {
                const auto word = entry.key.substr(0, entry.key.find(':'));
                errors_.say(
                    entry.place, path,
                    "unknown key " + key_in_quotes(entry.key) + suggestion(word, section.keys()));
            }
        }
    }

    Node missing(const Field& field, const YamlNode& parent, const std::string& path,
                 bool defaults) {
        if (field.shape == Field::Shape::section) {
            YamlNode empty;
            empty.place = parent.place;
            auto node = section(*field.section, empty, path, true);
            node.given = false;
            return node;
        }
        Node node = node_at(parent.place, path, false);
        if (field.required && !has_items(parent, field.unless)) {
            const auto unless = field.unless.empty() ? "" : ", as there are no " + field.unless;
            errors_.say(parent.place, path, "required but missing" + unless + allowed_hint(field));
        } else if (defaults && !field.fallback.empty()) {
            node.value = field.type->parse(field.fallback).value_or(Value{});
        }
        return node;
    }

    static bool has_items(const YamlNode& yaml, const std::string& key) {
        return std::any_of(yaml.entries.begin(), yaml.entries.end(),
                           [&](const YamlNode::Entry& entry) {
                               return entry.key == key && !entry.value->items.empty();
                           });
    }

    static std::string allowed_hint(const Field& field) {
        return field.type ? ", allowed: " + field.type->allowed : "";
    }

    Node given(const Field& field, const YamlNode::Entry& entry, const std::string& path) {
        // The place of nothing is wherever the next token is; the key says more.
        YamlNode nothing;
        nothing.place = entry.place;
        const auto& yaml = entry.value->kind == YamlNode::Kind::nothing ? nothing : *entry.value;
        switch (field.shape) {
            case Field::Shape::value:
                return scalar(field, yaml, path);
            case Field::Shape::section:
                return section(*field.section, yaml, path, true);
            case Field::Shape::overrides:
                return section(*field.section, yaml, path, false);
            case Field::Shape::values:
            case Field::Shape::sections:
            case Field::Shape::overriding:
                break;
        }
        return list(field, yaml, path);
    }

    Node scalar(const Field& field, const YamlNode& yaml, const std::string& path) {
        Node node = node_at(yaml.place, path, true);
        if (yaml.kind == YamlNode::Kind::word) {
            node.value = field.type->parse(yaml.word).value_or(Value{});
        }
        if (node.get<std::monostate>() != nullptr) {
            wrong(yaml, path, field.type->allowed, field.secret ? Shown::hidden : Shown::whole);
        }
        return node;
    }

    Node list(const Field& field, const YamlNode& yaml, const std::string& path) {
        Node node = node_at(yaml.place, path, true);
        const bool empty = yaml.items.empty();
        if ((yaml.kind != YamlNode::Kind::list && yaml.kind != YamlNode::Kind::nothing) ||
            (empty && field.required)) {
            const auto least = field.required ? " of at least one" : "";
            wrong(yaml, path,
                  (field.section != nullptr ? "a list of sections" : "a list") +
                      std::string(least) + (field.type ? ", each " + field.type->allowed : ""),
                  field.section != nullptr ? Shown::as_key : Shown::whole);
            return node;
        }
        if (yaml.items.size() > most_items) {
            errors_.say(yaml.place, path, "more than " + std::to_string(most_items) + " items");
            return node;
        }
        for (std::size_t i = 0; i < yaml.items.size() && !errors_.full(); ++i) {
            const auto item_path = path + '[' + std::to_string(i) + ']';
            node.items.push_back(field.section != nullptr
                                     ? section(*field.section, *yaml.items[i], item_path,
                                               field.shape != Field::Shape::overriding)
                                     : scalar(field, *yaml.items[i], item_path));
        }
        return node;
    }

    ErrorList& errors_;
};

} // namespace

const Node& Node::operator[](std::string_view key) const {
    static const Node nothing{};
    const auto found = std::find_if(members.begin(), members.end(),
                                    [&](const Member& member) { return member.key == key; });
    return found == members.end() ? nothing : found->node;
}

Node understand(const YamlNode& root, ErrorList& errors) {
    return SectionReader(errors).section(schema(), root, "", true);
}

} // namespace lbd::config
