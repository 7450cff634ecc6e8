// SPDX-License-Identifier: BSD-3-Clause
#include "config/keepalived/words.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace lbd::config::keepalived {

namespace {

constexpr std::size_t none = std::string_view::npos;

unsigned digit_of(char character) {
    const auto lower = static_cast<char>(std::tolower(static_cast<unsigned char>(character)));
    return static_cast<unsigned>(lower <= '9' ? lower - '0' : lower - 'a' + 10);
}

bool is_octal(char character) {
    return character >= '0' && character <= '7';
}

bool is_hexadecimal_digit(char character) {
    return std::isxdigit(static_cast<unsigned char>(character)) != 0;
}

// What stands for another character after a backslash.
char simple_escape(char character) {
    constexpr std::string_view names = "abEfnrtv";
    constexpr std::string_view values = "\a\b\x1b\f\n\r\t\v";
    const auto found = names.find(character);
    return found == none ? character : values[found];
}

// Reads what is behind a backslash at `position`, and leaves it behind that.
char escape_sequence(std::string_view line, std::size_t& position) {
    const char first = line[position++];
    unsigned value = 0;
    if (first == 'x' && position < line.size() && is_hexadecimal_digit(line[position])) {
        while (position < line.size() && is_hexadecimal_digit(line[position])) {
            value = (value * 16 + digit_of(line[position++])) & 0xffU;
        }
        return static_cast<char>(value);
    }
    if (is_octal(first)) {
        value = digit_of(first);
        for (int i = 0; i < 2 && position < line.size() && is_octal(line[position]); ++i) {
            value = value * 8 + digit_of(line[position++]);
        }
        return static_cast<char>(value);
    }
    if (first == 'c' && position < line.size()) {
        return static_cast<char>(static_cast<unsigned char>(line[position++]) & 0x1fU);
    }
    return simple_escape(first);
}

// Splits at blanks outside of the quotes given.
std::vector<std::string> split(std::string_view line, std::string_view quotes, bool escapes) {
    std::vector<std::string> words;
    std::string word;
    bool inside = false;
    char quote = 0;
    for (std::size_t position = 0; position < line.size();) {
        const char character = line[position++];
        if (quote != 0 && escapes && character == '\\' && position < line.size()) {
            word += escape_sequence(line, position);
        } else if (quote != 0 ? character == quote : quotes.find(character) != none) {
            quote = quote != 0 ? '\0' : character;
            inside = true;
        } else if (quote == 0 && blanks.find(character) != none) {
            if (inside) {
                words.push_back(std::exchange(word, {}));
            }
            inside = false;
        } else {
            word += character;
            inside = true;
        }
    }
    if (inside) {
        words.push_back(word);
    }
    return words;
}

} // namespace

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(blanks);
    return first == none ? std::string_view{}
                         : text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string without_comment(std::string_view line) {
    line = trimmed(line);
    const bool continues = !line.empty() && line.back() == '\\';
    std::string kept;
    bool quoted = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char character = line[i];
        const char next = i + 1 < line.size() ? line[i + 1] : '\0';
        if (character == '\\' && next != '\0') {
            if (quoted || (next != '#' && next != '!')) {
                kept += character;
            }
            kept += next;
            ++i;
            continue;
        }
        quoted = quoted != (character == '"');
        if (!quoted && (character == '#' || character == '!')) {
            // keepalived: the backslash behind a comment still continues a definition.
            return std::string(trimmed(kept)) + (continues ? "\\" : "");
        }
        kept += character;
    }
    return std::string(trimmed(kept));
}

std::vector<std::string> words_of(std::string_view line) {
    return split(line, "\"'", true);
}

std::size_t find_brace(std::string_view text) {
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        quoted = quoted != (text[i] == '"');
        if (!quoted && (text[i] == '{' || text[i] == '}')) {
            return i;
        }
    }
    return none;
}

std::vector<std::string> program_of(std::string_view script) {
    return split(script, "'", false);
}

} // namespace lbd::config::keepalived
