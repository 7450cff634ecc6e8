// SPDX-License-Identifier: BSD-3-Clause
// What is going to be printed: a document with comments, built before it is written.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace lbd::config::keepalived {

class Yaml {
  public:
    static Yaml text(std::string text, std::string comment = "");
    static Yaml list() { return Yaml(Kind::list); }
    static Yaml map() { return Yaml(Kind::map); }
    static Yaml words(const std::vector<std::string>& words); // a list on one line

    Yaml() : Yaml(Kind::map) {}

    // A key that is there already is replaced.
    Yaml& set(const std::string& key, Yaml value);
    Yaml& set(const std::string& key, std::string value, std::string comment = "");
    const Yaml* find(const std::string& key) const;
    void add(Yaml item) { items_.push_back(std::move(item)); }
    void on_one_line() { flow_ = true; }

    bool empty() const { return items_.empty() && entries_.empty() && text_.empty(); }
    const std::vector<Yaml>& items() const { return items_; }
    const std::vector<std::pair<std::string, Yaml>>& entries() const { return entries_; }
    const std::string& scalar() const { return text_; }
    bool operator==(const Yaml&) const = default;

    // The document. Comments are put behind what they are about.
    std::string document() const;

  private:
    enum class Kind { text, list, map };
    explicit Yaml(Kind kind) : kind_(kind) {}
    template <class Emitter>
    void emit(Emitter& out) const;

    Kind kind_;
    bool flow_ = false;
    std::string text_;
    std::string comment_;
    std::vector<Yaml> items_;
    std::vector<std::pair<std::string, Yaml>> entries_;
};

} // namespace lbd::config::keepalived
