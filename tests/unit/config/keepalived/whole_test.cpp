// SPDX-License-Identifier: BSD-3-Clause
// The fixtures as a whole: what each line is for shows in the result or in the report.
#include <algorithm>
#include <set>

#include "config/keepalived/reader.h"
#include "config/keepalived/words.h"
#include "config/load.h"
#include "imported.h"
#include "tests/unit/catch.h"

using namespace lbd::config;
using namespace lbd::config::keepalived;

namespace {

const std::string folder = KEEPALIVED;

std::vector<std::string> split_lines(const std::string& text) {
    std::vector<std::string> lines(1);
    for (const char character : text) {
        if (character == '\n') {
            lines.emplace_back();
        } else {
            lines.back() += character;
        }
    }
    return lines;
}

std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const auto& line : lines) {
        text += line + '\n';
    }
    return text;
}

// Without the comments that name lines.
std::string values_of(const std::string& yaml) {
    std::string values;
    for (const auto& line : split_lines(yaml)) {
        values += line.substr(0, line.find("# ")) + '\n';
    }
    return values;
}

Imported import_file(const std::string& name, const std::string& text) {
    return import_text(text, folder + '/' + name, director());
}

// "director.conf:17: "
bool tells_of(const std::string& yaml, const std::string& name, std::size_t line) {
    return has(yaml, "# " + folder + '/' + name + ':' + std::to_string(line) + ": ");
}

// The lines that a report of a block covers.
std::set<std::size_t> inside_reported(const std::string& name, const Imported& whole,
                                      const std::vector<std::string>& lines) {
    std::set<std::size_t> covered;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (!tells_of(whole.yaml, name, i + 1)) {
            continue;
        }
        int depth = 0;
        std::size_t end = i;
        do {
            const auto line = without_comment(lines[end]);
            depth += static_cast<int>(std::count(line.begin(), line.end(), '{')) -
                     static_cast<int>(std::count(line.begin(), line.end(), '}'));
            covered.insert(end++);
        } while (depth > 0 && end < lines.size());
    }
    return covered;
}

bool opens_or_closes(const std::string& line) {
    return line.find_first_of("{}") != std::string::npos;
}

} // namespace

TEST_CASE("a configuration that lbd can have is carried over whole, and is one that lbd takes") {
    const auto result = import_file("director.conf", read_file(folder + "/director.conf", false));
    INFO(result.reports);
    CHECK(result.complete);
    const auto config = load_text(result.yaml, "imported.yaml");
    CHECK(config.vrrp.size() == 3);
    CHECK(config.services.size() == 6);
}

TEST_CASE("scripts, mail and several checks have the keys that lbd gives them") {
    const auto result =
        import_file("notifications.conf", read_file(folder + "/notifications.conf", false));
    CHECK(result.complete);
    for (const auto* line :
         {"notifications:\n  mail:\n    to: [ops@example.org, night@example.org]\n",
          "    from: director@example.org\n    server: 192.0.2.25\n    port: 587\n    helo: "
          "director-a\n    timeout: 20s\n",
          "{script: [/bin/true, master, VI_1], user: root, on: [master]}",
          "{script: [/bin/true, stop], user: root, on: [stop]}",
          "{script: [/bin/true, group], user: root, on: [master]}", "omega: true",
          "{script: [/bin/true, up], user: root, on: [quorum_regained]}",
          "{script: [/bin/true, lost], user: root, on: [quorum_lost]}",
          "{script: [/bin/true, 11, down], user: root, on: [down]}", "checks:\n",
          "source: [192.0.2.2]", "warmup: 2s", "warmup: 0s", "script: [/bin/true, director]"}) {
        INFO(line);
        CHECK(has(result.yaml, line));
    }
}

TEST_CASE("no line is skipped: without it the result or the report is another") {
    // The default, what stands elsewhere as well, or for another director.
    const std::set<std::string> without_effect{"state MASTER",
                                               "script_user root",
                                               "user root",
                                               "weight 1",
                                               "weight 7",
                                               "vrrp_version 3",
                                               "default_interface eth0",
                                               "interface eth0",
                                               "auth_type PASS",
                                               "192.0.2.2/24 dev eth0",
                                               "@other    priority 90"};
    for (const auto* name : {"director.conf", "notifications.conf", "partial.conf"}) {
        const auto lines = split_lines(read_file(folder + '/' + name, false));
        const auto whole = import_file(name, joined(lines));
        const auto covered = inside_reported(name, whole, lines);
        for (std::size_t i = 0; i < lines.size(); ++i) {
            const auto line = without_comment(lines[i]);
            if (line.empty() || opens_or_closes(line) || covered.count(i) != 0 ||
                without_effect.count(line) != 0 || line.back() == '\\') {
                continue;
            }
            auto fewer = lines;
            fewer[i] = "! gone";
            INFO(name << ':' << i + 1 << ": " << line);
            try {
                const auto result = import_file(name, joined(fewer));
                CHECK((values_of(result.yaml) != values_of(whole.yaml) ||
                       result.reports != whole.reports));
            } catch (const Malformed&) { // a definition that others need
                SUCCEED();
            }
        }
    }
}

TEST_CASE("no keyword is skipped: one that is not known is told of, wherever it is") {
    for (const auto* name : {"director.conf", "notifications.conf", "partial.conf"}) {
        const auto lines = split_lines(read_file(folder + '/' + name, false));
        const auto covered = inside_reported(name, import_file(name, joined(lines)), lines);
        for (std::size_t i = 0; i < lines.size(); ++i) {
            const auto line = without_comment(lines[i]);
            if (line.empty() || std::string_view("}$@~").find(line.front()) != std::string::npos ||
                line.back() == '\\' || covered.count(i) != 0) {
                continue;
            }
            auto other = lines;
            other[i] = "zz_" + line;
            INFO(name << ':' << i + 1 << ": " << line);
            try {
                const auto result = import_file(name, joined(other));
                // A member of a list, such as the recipients of mail, may be anything.
                CHECK((tells_of(result.yaml, name, i + 1) || has(result.yaml, "zz_" + line) ||
                       values_of(result.yaml) != values_of(import_file(name, joined(lines)).yaml)));
            } catch (const Malformed& error) {
                CHECK(has(error.what(), ':' + std::to_string(i + 1) + ": "));
            }
        }
    }
}
