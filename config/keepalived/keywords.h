// SPDX-License-Identifier: BSD-3-Clause
// How a block is read: each of its lines is either taken by whoever knows its keyword, or reported.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "config/config.h"
#include "config/keepalived/block.h"
#include "config/keepalived/yaml.h"
#include "config/schema.h"

namespace lbd::config::keepalived {

void lost(Report& report, const Block& line, std::string_view reason);
void changed(Report& report, const Block& line, std::string_view reason);
void noted(Report& report, const Block& line, std::string_view reason);

class Keywords {
  public:
    using Handler = std::function<void(const Block&)>;

    Keywords& on(std::string_view name, Handler handler);       // one line
    Keywords& on_block(std::string_view name, Handler handler); // with braces
    // Known to keepalived, without an equivalent.
    Keywords& lost(std::initializer_list<std::string_view> names, std::string_view reason);
    // Needs none.
    Keywords& noted(std::initializer_list<std::string_view> names, std::string_view reason);

    bool knows(std::string_view name) const { return known_.find(name) != known_.end(); }
    void read(const std::vector<Block>& items, Report& report) const;

  private:
    struct Keyword {
        Handler handler{};
        bool block = false;
        bool lost = false;
        std::string_view reason{};
    };
    std::map<std::string_view, Keyword> known_;
};

// The words behind a keyword. What the reader leaves is reported by finish().
class Arguments {
  public:
    Arguments(const Block& line, Report& report, std::size_t first = 1)
        : line_(line), report_(report), next_(first) {}

    bool empty() const { return next_ >= line_.words.size(); }
    const std::string& next(); // an empty one, and a report, if there is none
    bool take(std::string_view word);
    void finish();

  private:
    const Block& line_;
    Report& report_;
    std::size_t next_;
};

// The one word behind the keyword, and nothing else. Reported, and nothing, if that is not so.
std::optional<std::string> one_word(const Block& line, Report& report);
std::optional<std::uint64_t> one_number(const Block& line, Report& report, std::uint64_t least,
                                        std::uint64_t most);
// Seconds, with fractions; to the millisecond. What is beyond `most` is cut, and reported.
std::optional<Milliseconds> one_timer(const Block& line, Report& report, Milliseconds least,
                                      Milliseconds most);
// Of a keyword that stands alone.
void no_words(const Block& line, Report& report);
// on, off and the like; true without a word.
bool one_flag(const Block& line, Report& report);

std::optional<std::uint64_t> number_of(std::string_view text);

// Sets the key if lbd takes the value for it; reports what it does not. A key that the section does
// not have is not judged.
bool put(Yaml& map, const Section& section, const std::string& key, const std::string& value,
         const Block& from, Report& report);
bool fits(const Section& section, const std::string& key, const std::string& value);

} // namespace lbd::config::keepalived
