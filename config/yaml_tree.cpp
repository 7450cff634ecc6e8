// SPDX-License-Identifier: BSD-3-Clause
#include "config/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

namespace lbd::config {

namespace {

Place place_of(const YAML::Mark& mark) {
    return mark.is_null() ? Place{} : Place{mark.line + 1, mark.column + 1};
}

// Builds the tree from yaml-cpp's events. YAML::Node would lose duplicate keys and expand nothing
// lazily; here the limits hold while the document is read.
class TreeBuilder : public YAML::EventHandler {
  public:
    explicit TreeBuilder(ErrorList& errors) : errors_(errors) {}

    YamlPointer root() const { return root_; }

    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        leaf(mark, YamlNode::Kind::nothing, "", anchor);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto found = anchors_.find(anchor);
        if (found == anchors_.end()) {
            throw YAML::ParserException(mark, "an alias inside the anchor it refers to");
        }
        attach(found->second, mark);
    }

    void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  const std::string& word) override {
        leaf(mark, YamlNode::Kind::word, word, anchor);
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(mark, YamlNode::Kind::list, anchor);
    }
    void OnSequenceEnd() override { close(); }

    void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(mark, YamlNode::Kind::map, anchor);
    }
    void OnMapEnd() override { close(); }

  private:
    struct Open {
        std::shared_ptr<YamlNode> node;
        YAML::anchor_t anchor;
        YAML::Mark mark;
        bool has_key = false; // of a map: the key is read, its value is next
        std::string key;
        Place key_place;
        std::set<std::string> keys;
    };

    void leaf(const YAML::Mark& mark, YamlNode::Kind kind, const std::string& word,
              YAML::anchor_t anchor) {
        auto node = std::make_shared<YamlNode>();
        node->kind = kind;
        node->place = place_of(mark);
        node->word = word;
        remember(anchor, node);
        attach(node, mark);
    }

    void open(const YAML::Mark& mark, YamlNode::Kind kind, YAML::anchor_t anchor) {
        if (open_.size() >= deepest_nesting) {
            throw YAML::ParserException(
                mark, "nested deeper than " + std::to_string(deepest_nesting) + " levels");
        }
        auto node = std::make_shared<YamlNode>();
        node->kind = kind;
        node->place = place_of(mark);
        open_.push_back(
            {.node = node, .anchor = anchor, .mark = mark, .key = {}, .key_place = {}, .keys = {}});
    }

    void close() {
        const auto done = std::move(open_.back());
        open_.pop_back();
        remember(done.anchor, done.node);
        attach(done.node, done.mark);
    }

    void remember(YAML::anchor_t anchor, const YamlPointer& node) {
        if (anchor != YAML::NullAnchor) {
            anchors_[anchor] = node;
        }
    }

    void attach(const YamlPointer& node, const YAML::Mark& mark) {
        if (open_.empty()) {
            root_ = node;
            return;
        }
        auto& parent = open_.back();
        if (parent.node->kind == YamlNode::Kind::map && !parent.has_key) {
            take_key(parent, *node, mark);
            return;
        }
        if (parent.node->kind == YamlNode::Kind::map) {
            add_entry(parent, node);
        } else {
            parent.node->items.push_back(node);
        }
        count(parent, node->size, mark);
    }

    static void take_key(Open& parent, const YamlNode& node, const YAML::Mark& mark) {
        if (node.kind != YamlNode::Kind::word) {
            throw YAML::ParserException(mark, "a key must be a word");
        }
        parent.has_key = true;
        parent.key = node.word;
        parent.key_place = place_of(mark);
    }

    void add_entry(Open& parent, const YamlPointer& node) {
        parent.has_key = false;
        if (!parent.keys.insert(parent.key).second) {
            errors_.say(parent.key_place, "",
                        "key " + key_in_quotes(parent.key) + " is given twice");
            return;
        }
        parent.node->entries.push_back({parent.key, parent.key_place, node});
    }

    // Every open level is bounded, and all of them together by the nodes read and their aliases.
    void count(Open& parent, std::size_t size, const YAML::Mark& mark) {
        parent.node->size += size;
        if (parent.node->size > most_nodes || ++read_ > most_nodes) {
            throw YAML::ParserException(
                mark, "more than " + std::to_string(most_nodes) + " values, aliases expanded");
        }
    }

    ErrorList& errors_;
    YamlPointer root_;
    std::vector<Open> open_;
    std::map<YAML::anchor_t, YamlPointer> anchors_;
    std::size_t read_ = 0;
};

// The commonest mistake, and one that an editor does not show.
std::string tab_hint(std::string_view text, const YAML::Mark& mark) {
    const auto end = static_cast<std::size_t>(
        std::clamp<long long>(mark.pos, 0, static_cast<long long>(text.size())));
    const auto newline = text.substr(0, end).rfind('\n');
    const auto line = text.substr(newline == std::string_view::npos ? 0 : newline + 1);
    const auto indentation = line.substr(0, line.find_first_not_of(" \t"));
    return indentation.find('\t') == std::string_view::npos ? "" : "; indent with blanks, not tabs";
}

YamlPointer empty_map() {
    auto node = std::make_shared<YamlNode>();
    node->kind = YamlNode::Kind::map;
    node->place = {1, 1};
    return node;
}

} // namespace

YamlPointer read_yaml(std::string_view text, ErrorList& errors) {
    if (text.size() > most_bytes) {
        errors.say({}, "", "larger than " + std::to_string(most_bytes >> 20U) + " MiB");
        return nullptr;
    }
    try {
        std::istringstream stream{std::string(text)};
        YAML::Parser parser(stream);
        TreeBuilder builder(errors);
        parser.HandleNextDocument(builder);
        TreeBuilder second(errors);
        if (parser.HandleNextDocument(second)) {
            errors.say(second.root() ? second.root()->place : Place{}, "",
                       "a second document; only one is read");
        }
        const auto root = builder.root();
        return root && root->kind != YamlNode::Kind::nothing ? root : empty_map();
    } catch (const YAML::Exception& error) {
        errors.say(
            place_of(error.mark), "",
            "not YAML as lbd reads it: " + in_quotes(error.msg) + tab_hint(text, error.mark));
        return nullptr;
    }
}

} // namespace lbd::config
