// SPDX-License-Identifier: BSD-3-Clause
#include "config/keepalived/block.h"

#include "config/keepalived/words.h"

namespace lbd::config::keepalived {

namespace {

constexpr std::size_t deepest = 16; // keepalived's own go no deeper than 4

class Tree {
  public:
    void add(const Line& line);
    std::vector<Block> finish();

  private:
    std::vector<Block>& items() { return open_.empty() ? top_ : open_.back().items; }
    void open(const Origin& origin);
    void close(const Origin& origin);

    std::vector<Block> top_;
    std::vector<Block> open_; // each is put into the one before it when it is closed
};

void Tree::open(const Origin& origin) {
    if (items().empty() || items().back().braces) {
        throw Malformed(origin, "unexpected '{': there is no keyword before it");
    }
    if (open_.size() >= deepest) {
        throw Malformed(origin, "blocks are nested more than " + std::to_string(deepest) + " deep");
    }
    Block block = std::move(items().back());
    items().pop_back();
    block.braces = true;
    open_.push_back(std::move(block));
}

void Tree::close(const Origin& origin) {
    if (open_.empty()) {
        throw Malformed(origin, "unexpected '}': there is no block to close");
    }
    Block block = std::move(open_.back());
    open_.pop_back();
    block.last_line = block.origin.file == origin.file ? origin.line : block.origin.line;
    items().push_back(std::move(block));
}

void Tree::add(const Line& line) {
    std::string_view rest = line.text;
    while (!rest.empty()) {
        const auto brace = find_brace(rest);
        auto words = words_of(rest.substr(0, brace));
        if (!words.empty()) {
            items().push_back({.origin = line.origin,
                               .last_line = line.origin.line,
                               .words = std::move(words),
                               .braces = false,
                               .items = {}});
        }
        if (brace == std::string_view::npos) {
            return;
        }
        if (rest[brace] == '{') {
            open(line.origin);
        } else {
            close(line.origin);
        }
        rest.remove_prefix(brace + 1);
    }
}

std::vector<Block> Tree::finish() {
    if (!open_.empty()) {
        const auto& block = open_.back();
        std::string shown;
        for (const auto& word : block.words) {
            shown += word + ' ';
        }
        throw Malformed(block.origin, '\'' + printable(shown) + "{' is never closed");
    }
    return std::move(top_);
}

} // namespace

std::vector<Block> blocks_of(const std::vector<Line>& lines) {
    Tree tree;
    for (const auto& line : lines) {
        tree.add(line);
    }
    return tree.finish();
}

} // namespace lbd::config::keepalived
