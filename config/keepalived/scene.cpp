// SPDX-License-Identifier: BSD-3-Clause
#include "config/keepalived/scene.h"

#include <algorithm>
#include <cctype>

#include "config/keepalived/words.h"
#include "config/schema_parts.h"

namespace lbd::config::keepalived {

std::string label_of(std::string_view name, Names& taken) {
    constexpr std::size_t longest = 56; // room for a number behind it
    std::string label;
    for (const char character : name.substr(0, longest)) {
        const bool allowed = std::isalnum(static_cast<unsigned char>(character)) != 0 ||
                             std::string_view("_-.").find(character) != std::string_view::npos;
        label += allowed ? character : '-';
    }
    label = label.empty() ? "unnamed" : label;
    auto& next = taken.try_emplace(label, 1).first->second;
    if (next++ == 1) {
        return label;
    }
    std::string unique;
    for (auto& number = next; unique.empty() || !taken.try_emplace(unique, 2).second; ++number) {
        unique = label + '-' + std::to_string(number - 1);
    }
    return unique;
}

bool put_script(Yaml& item, const Block& line, Scene& scene) {
    if (line.words.size() < 2) {
        lost(scene.report, line, "a program is missing");
        return false;
    }
    auto program = program_of(line.words[1]);
    if (!program.empty() && !program.front().empty() && program.front().front() != '/' &&
        scene.options.find_program) {
        const auto path = scene.options.find_program(program.front());
        program.front() = path.empty() ? program.front() : path;
    }
    if (program.empty() || program.front().empty() || program.front().front() != '/') {
        lost(scene.report, line,
             "lbd needs the program's absolute path, as no shell looks for it: " +
                 printable(line.words[1]));
        return false;
    }
    for (const auto& word : program) {
        if (word.empty() || !std::all_of(word.begin(), word.end(), parts::is_graphic)) {
            lost(scene.report, line,
                 "the argument '" + printable(word) +
                     "' has characters that lbd does not pass to programs; call it from a script");
            return false;
        }
    }
    item.set("script", Yaml::words(program));
    const auto& user = line.words.size() > 2 ? line.words[2] : scene.globals.script_user;
    if (!user.empty()) {
        put(item, parts::health(), "user", user, line, scene.report);
    }
    if (line.words.size() > 3) {
        changed(scene.report, line,
                "the program runs in the groups of its user, not in '" + printable(line.words[3]) +
                    "'");
    }
    return true;
}

std::optional<Yaml> notify_of(const Block& line, const std::vector<std::string>& events,
                              Scene& scene) {
    auto item = Yaml::map();
    if (!put_script(item, line, scene)) {
        return std::nullopt;
    }
    if (!events.empty()) {
        item.set("on", Yaml::words(events));
    }
    item.on_one_line();
    return item;
}

} // namespace lbd::config::keepalived
