// SPDX-License-Identifier: BSD-3-Clause
#include "config/keepalived/keywords.h"

#include <charconv>
#include <cmath>
#include <cstdlib>

namespace lbd::config::keepalived {

namespace {

const std::string& shown(const Block& line) {
    return line.shown.empty() ? line.keyword() : line.shown;
}

} // namespace

void lost(Report& report, const Block& line, std::string_view reason) {
    report.lost(line.origin, line.last_line, shown(line), reason);
}

void changed(Report& report, const Block& line, std::string_view reason) {
    report.changed(line.origin, line.last_line, shown(line), reason);
}

void noted(Report& report, const Block& line, std::string_view reason) {
    report.noted(line.origin, line.last_line, shown(line), reason);
}

Keywords& Keywords::on(std::string_view name, Handler handler) {
    known_[name] = {.handler = std::move(handler)};
    return *this;
}

Keywords& Keywords::on_block(std::string_view name, Handler handler) {
    known_[name] = {.handler = std::move(handler), .block = true};
    return *this;
}

Keywords& Keywords::lost(std::initializer_list<std::string_view> names, std::string_view reason) {
    for (const auto name : names) {
        known_[name] = {.lost = true, .reason = reason};
    }
    return *this;
}

Keywords& Keywords::noted(std::initializer_list<std::string_view> names, std::string_view reason) {
    for (const auto name : names) {
        known_[name] = {.reason = reason};
    }
    return *this;
}

void Keywords::read(const std::vector<Block>& items, Report& report) const {
    for (const auto& item : items) {
        const auto found = known_.find(item.keyword());
        if (found == known_.end()) {
            keepalived::lost(report, item, "the keyword is not known here");
        } else if (!found->second.handler) {
            if (found->second.lost) {
                keepalived::lost(report, item, found->second.reason);
            } else {
                keepalived::noted(report, item, found->second.reason);
            }
        } else if (found->second.block != item.braces) {
            keepalived::lost(
                report, item,
                item.braces ? "no block is expected here" : "a block in braces is expected");
        } else {
            found->second.handler(item);
        }
    }
}

const std::string& Arguments::next() {
    static const std::string nothing;
    if (empty()) {
        lost(report_, line_, "a value is missing");
        return nothing;
    }
    return line_.words[next_++];
}

bool Arguments::take(std::string_view word) {
    if (empty() || line_.words[next_] != word) {
        return false;
    }
    ++next_;
    return true;
}

void Arguments::finish() {
    std::string rest;
    while (!empty()) {
        rest += (rest.empty() ? "" : " ") + line_.words[next_++];
    }
    if (!rest.empty()) {
        lost(report_, line_, "nothing corresponds to '" + printable(rest) + "'");
    }
}

std::optional<std::string> one_word(const Block& line, Report& report) {
    Arguments arguments(line, report);
    if (arguments.empty()) {
        lost(report, line, "a value is missing");
        return std::nullopt;
    }
    auto word = arguments.next();
    arguments.finish();
    return word;
}

std::optional<std::uint64_t> number_of(std::string_view text) {
    std::uint64_t value = 0;
    const auto* last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), last, value);
    return error == std::errc{} && end == last && !text.empty() ? std::optional(value)
                                                                : std::nullopt;
}

std::optional<std::uint64_t> one_number(const Block& line, Report& report, std::uint64_t least,
                                        std::uint64_t most) {
    const auto word = one_word(line, report);
    const auto number = word ? number_of(*word) : std::nullopt;
    if (word && (!number || *number < least || *number > most)) {
        lost(report, line,
             "'" + printable(*word) + "' is not " + std::to_string(least) + ".." +
                 std::to_string(most));
        return std::nullopt;
    }
    return number;
}

std::optional<Milliseconds> one_timer(const Block& line, Report& report, Milliseconds least,
                                      Milliseconds most) {
    const auto word = one_word(line, report);
    if (!word) {
        return std::nullopt;
    }
    char* end = nullptr;
    const double seconds = std::strtod(word->c_str(), &end);
    constexpr double longest = 1e9;
    if (word->empty() || *end != '\0' || !std::isfinite(seconds) || seconds < 0 ||
        seconds > longest) {
        lost(report, line, "'" + printable(*word) + "' is no number of seconds");
        return std::nullopt;
    }
    constexpr double milliseconds = 1000;
    const Milliseconds exact(std::llround(seconds * milliseconds));
    const auto given = std::clamp(exact, least, most);
    if (given != exact) {
        changed(report, line,
                printable(*word) + " s; lbd has " + duration_text(least) + " to " +
                    duration_text(most) + ", so it is " + duration_text(given));
    }
    return given;
}

void no_words(const Block& line, Report& report) {
    Arguments(line, report).finish();
}

bool one_flag(const Block& line, Report& report) {
    if (line.words.size() == 1) {
        return true;
    }
    const auto word = one_word(line, report);
    const auto value = word ? boolean().parse(*word) : std::nullopt;
    if (!value) {
        lost(report, line, "'" + printable(line.words[1]) + "' is neither on nor off");
        return false;
    }
    return std::get<bool>(*value);
}

bool fits(const Section& section, const std::string& key, const std::string& value) {
    const auto* field = section.find(key);
    return field == nullptr || !field->type || field->type->parse(value).has_value();
}

bool put(Yaml& map, const Section& section, const std::string& key, const std::string& value,
         const Block& from, Report& report) {
    if (!fits(section, key, value)) {
        lost(report, from,
             "'" + printable(value) + "' is not what lbd takes for " + key + ": " +
                 section.find(key)->type->allowed);
        return false;
    }
    map.set(key, value);
    return true;
}

} // namespace lbd::config::keepalived
