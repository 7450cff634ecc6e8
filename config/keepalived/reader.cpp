// SPDX-License-Identifier: BSD-3-Clause
#include "config/keepalived/reader.h"

#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>

#include "config/contents.h"
#include "config/keepalived/definitions.h"
#include "config/keepalived/sequences.h"
#include "config/keepalived/words.h"

namespace lbd::config::keepalived {

namespace {

// Far more than any director has; what is larger comes from definitions that multiply each other.
constexpr std::size_t most_bytes = 16U << 20U;
constexpr std::size_t most_included_lines = 1'000'000;
constexpr std::size_t longest_line = 16'384;
constexpr std::size_t most_nesting = 64;
constexpr std::size_t most_replacements = 1000; // in one line
constexpr std::size_t deepest_include = 16;

bool is_include(const std::string& word) {
    constexpr std::array<std::string_view, 6> words{"include",  "includer", "includem",
                                                    "includew", "includeb", "includea"};
    return std::find(words.begin(), words.end(), word) != words.end();
}

class Reader {
  public:
    Reader(Reading reading, Report& report) : reading_(std::move(reading)), report_(report) {
        definitions_.set("_INSTANCE", {reading_.config_id});
        definitions_.set("_HASH", {"#"});
        definitions_.set("_BANG", {"!"});
    }

    void read(std::string_view text, const std::string& file);
    std::vector<Line> take() { return std::move(lines_); }

  private:
    struct Pending { // a definition of several lines
        std::string name;
        Definitions::Lines lines;
    };

    void read_physical(std::string_view raw, const Origin& origin, std::optional<Pending>& pending);
    void process(std::string text, const Origin& origin, std::size_t nesting);
    bool matches_condition(std::string& text) const;
    void repeat(const std::string& text, const Origin& origin, std::size_t nesting);
    bool included(const std::vector<std::string>& words, const Origin& origin);
    void include_file(const std::string& path, const Origin& origin);
    void set_directory();
    void count(std::size_t bytes, const Origin& origin);

    Reading reading_;
    Report& report_;
    Definitions definitions_;
    std::optional<Pending> pending_; // across the lines of one file or expansion
    std::vector<std::filesystem::path> open_;
    std::vector<Line> lines_;
    std::size_t bytes_ = 0;
    std::size_t processed_ = 0;
};

void Reader::count(std::size_t bytes, const Origin& origin) {
    bytes_ += bytes;
    if (++processed_ > most_included_lines * 4 || lines_.size() > most_included_lines ||
        bytes_ > most_bytes * 4) {
        throw Malformed(origin, "the file becomes larger than any configuration from here on");
    }
}

void Reader::set_directory() {
    const auto directory = open_.back().parent_path();
    definitions_.set("_PWD", {directory.empty() ? "." : directory.string()});
}

void Reader::read(std::string_view text, const std::string& file) {
    std::error_code failed;
    const auto absolute = std::filesystem::absolute(file, failed);
    open_.push_back(failed ? std::filesystem::path(file) : absolute.lexically_normal());
    set_directory();
    Origin origin{.file = file, .line = 0};
    std::optional<Pending> pending;
    while (!text.empty()) {
        const auto end = text.find('\n');
        ++origin.line;
        read_physical(text.substr(0, end), origin, pending);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    if (pending) {
        definitions_.set(pending->name, pending->lines);
    }
    open_.pop_back();
    if (!open_.empty()) {
        set_directory();
    }
}

void Reader::read_physical(std::string_view raw, const Origin& origin,
                           std::optional<Pending>& pending) {
    if (raw.find('\0') != std::string_view::npos) {
        throw Malformed(origin, "a NUL byte; this is no text file");
    }
    if (raw.size() > longest_line) {
        throw Malformed(origin, "the line is longer than " + std::to_string(longest_line));
    }
    std::swap(pending, pending_);
    auto text = without_comment(raw);
    if (!text.empty() || pending_) {
        process(std::move(text), origin, 0);
    }
    std::swap(pending, pending_);
}

// Takes the condition away. A condition with nothing behind it is none that is met.
bool Reader::matches_condition(std::string& text) const {
    if (text.empty() || text.front() != '@') {
        return true;
    }
    const bool negated = text.size() > 1 && text[1] == '^';
    const std::size_t start = negated ? 2 : 1;
    const auto end = text.find_first_of(" \t");
    if (end == std::string::npos || end < start) {
        return false;
    }
    const bool same = text.compare(start, end - start, reading_.config_id) == 0;
    text = std::string(trimmed(std::string_view(text).substr(end)));
    return same != negated;
}

void Reader::process(std::string text, const Origin& origin, std::size_t nesting) {
    if (nesting > most_nesting) {
        throw Malformed(origin, "definitions refer to one another too deeply, or to themselves");
    }
    for (std::size_t replaced = 0;; ++replaced) {
        count(text.size(), origin);
        if (replaced > most_replacements || text.size() > longest_line) {
            throw Malformed(origin,
                            "what is put for the definitions becomes too long; perhaps one "
                            "refers to itself");
        }
        if (pending_) {
            const bool more = !text.empty() && text.back() == '\\';
            const auto line = trimmed(more ? std::string_view(text).substr(0, text.size() - 1)
                                           : std::string_view(text));
            if (!line.empty()) {
                pending_->lines.emplace_back(line);
            }
            if (!more) {
                definitions_.set(pending_->name, std::move(pending_->lines));
                pending_.reset();
            }
            return;
        }
        if (!matches_condition(text)) {
            return;
        }
        if (const auto start = Definitions::start_of(text)) {
            if (!start->value.empty() && start->value.back() == '\\') {
                const auto first =
                    trimmed(std::string_view(start->value).substr(0, start->value.size() - 1));
                pending_ = Pending{.name = start->name, .lines = {}};
                if (!first.empty()) {
                    pending_->lines.emplace_back(first);
                }
            } else {
                definitions_.set(start->name, {start->value});
            }
            return;
        }
        if (!text.empty() && text.front() == '~') {
            repeat(text, origin, nesting);
            return;
        }
        auto expanded = definitions_.expanded(text);
        if (!expanded) {
            break;
        }
        if (expanded->size() > 1) {
            for (auto& line : *expanded) {
                process(std::move(line), origin, nesting + 1);
            }
            return;
        }
        text = std::string(trimmed(expanded->front()));
    }
    if (text.empty()) {
        return;
    }
    const auto words = words_of(text);
    if (words.empty() || !included(words, origin)) {
        lines_.push_back({.origin = origin, .text = std::move(text)});
    }
}

void Reader::repeat(const std::string& text, const Origin& origin, std::size_t nesting) {
    const auto repetition = repetition_of(text, most_included_lines);
    if (!repetition) {
        report_.lost(origin, origin.line, text.substr(0, text.find('(')),
                     "this is no ~SEQ(name, first, step, last) or ~LST(name, value, ...), or has "
                     "too many values");
        return;
    }
    for (const auto& turn : repetition->turns) {
        for (const auto& [name, value] : turn) {
            definitions_.set(name, {value});
        }
        process(repetition->rest, origin, nesting + 1);
    }
}

struct GlobFree {
    void operator()(glob_t* found) const { globfree(found); }
};

bool Reader::included(const std::vector<std::string>& words, const Origin& origin) {
    if (!is_include(words.front())) {
        return false;
    }
    if (words.size() != 2) {
        report_.lost(origin, origin.line, words.front(), "it takes one file name");
        return true;
    }
    if (!reading_.includes) {
        report_.lost(origin, origin.line, words.front(), "included files are not read");
        return true;
    }
    const auto pattern = open_.back().parent_path() / words[1];
    glob_t found{};
    const int failed = glob(pattern.c_str(), GLOB_MARK | GLOB_BRACE, nullptr, &found);
    const std::unique_ptr<glob_t, GlobFree> release(&found);
    if (failed != 0 || found.gl_pathc > most_included_lines) {
        report_.lost(origin, origin.line, words.front(),
                     "there is no readable file " + printable(pattern.string()));
        return true;
    }
    for (std::size_t i = 0; i < found.gl_pathc; ++i) {
        const std::string path = found.gl_pathv[i];
        if (path.back() != '/') {
            include_file(path, origin);
        }
    }
    return true;
}

void Reader::include_file(const std::string& path, const Origin& origin) {
    const auto normal = std::filesystem::path(path).lexically_normal();
    if (std::find(open_.begin(), open_.end(), normal) != open_.end()) {
        throw Malformed(origin, printable(path) + " includes itself");
    }
    if (open_.size() >= deepest_include) {
        throw Malformed(
            origin, "files are included more than " + std::to_string(deepest_include) + " deep");
    }
    std::string text;
    try {
        struct stat status {};
        if (stat(path.c_str(), &status) == 0 && (status.st_mode & 0111U) != 0) {
            report_.lost(origin, origin.line, "include",
                         printable(path) + " is executable; keepalived does not read it either");
            return;
        }
        text = read_file(path, false);
    } catch (const std::runtime_error& error) {
        report_.lost(origin, origin.line, "include", error.what());
        return;
    }
    count(text.size(), origin);
    read(text, path);
}

} // namespace

std::vector<Line> read_lines(std::string_view text, const std::string& file, const Reading& reading,
                             Report& report) {
    Reader reader(reading, report);
    reader.read(text, file);
    return reader.take();
}

std::string read_file(const std::string& path, bool pipes) {
    const auto failed = [&](const std::string& reason) {
        return std::runtime_error(printable(path) + ": " + reason);
    };
    struct stat status {};
    if (stat(path.c_str(), &status) != 0) {
        throw failed(std::strerror(errno)); // NOLINT(concurrency-mt-unsafe): there is one thread
    }
    if (!S_ISREG(status.st_mode) &&
        !(pipes &&
          (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode) || S_ISSOCK(status.st_mode)))) {
        throw failed("is not a regular file");
    }
    const File file(std::fopen(path.c_str(), "re"));
    if (file == nullptr) {
        throw failed(std::strerror(errno)); // NOLINT(concurrency-mt-unsafe): there is one thread
    }
    auto text = contents(*file, most_bytes);
    if (!text) {
        throw failed("cannot be read");
    }
    if (text->size() > most_bytes) {
        throw failed("is larger than " + std::to_string(most_bytes >> 20U) + " MiB");
    }
    return std::move(*text);
}

} // namespace lbd::config::keepalived
