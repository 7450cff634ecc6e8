// SPDX-License-Identifier: BSD-3-Clause
#include "config/keepalived/track.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "config/schema_parts.h"

namespace lbd::config::keepalived {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_tracks = 64; // of an instance or group

const Section& track_section() {
    return *parts::vrrp().find("track")->section;
}

// "weight -20", or "-20" behind the keyword. Nothing if it is none.
std::optional<int> weight_of(std::string_view text) {
    int weight = 0;
    const auto start = !text.empty() && text.front() == '+' ? 1U : 0U;
    const auto* last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data() + start, last, weight);
    constexpr int most = 254;
    return error == std::errc{} && end == last && weight >= -most && weight <= most
               ? std::optional(weight)
               : std::nullopt;
}

// False if what is tracked counts the other way round, which lbd cannot.
bool read_weight(Arguments& arguments, const Block& line, int& weight, Scene& scene) {
    const auto& word = arguments.next();
    if (const auto given = weight_of(word)) {
        weight = *given;
    } else if (!word.empty()) {
        lost(scene.report, line, "'" + printable(word) + "' is no weight");
    }
    const bool reverse = arguments.take("reverse");
    if (reverse) {
        lost(scene.report, line,
             "lbd cannot take a failure for a success (reverse), so this is not tracked");
    }
    return !reverse;
}

void on_weight(Keywords& keywords, Trackable& tracked, bool& good, Scene& scene) {
    keywords.on("weight", [&](const Block& line) {
        Arguments arguments(line, scene.report);
        good = read_weight(arguments, line, tracked.weight, scene) && good;
        arguments.finish();
    });
}

// What is tracked, by its name; nothing if that was reported.
using Find = std::function<std::optional<Trackable>(const std::string& name, const Block& line)>;

void read_tracks(const Block& block, std::vector<Track>& tracks, const Find& find, Scene& scene) {
    for (const auto& line : block.items) {
        if (line.braces) {
            lost(scene.report, line, "no block is expected here");
            continue;
        }
        auto found = find(line.keyword(), line);
        if (!found) {
            continue;
        }
        Arguments arguments(line, scene.report);
        const bool good =
            !arguments.take("weight") || read_weight(arguments, line, found->weight, scene);
        if (!arguments.take("noreverse")) {
            arguments.take("no_reverse");
        }
        arguments.finish();
        if (good && tracks.size() >= most_tracks) {
            lost(scene.report, line, "there are more than " + std::to_string(most_tracks));
        }
        if (!good || tracks.size() >= most_tracks) {
            continue;
        }
        tracks.push_back({.item = std::move(found->item), .weight = found->weight, .line = &line});
    }
}

Find among(const std::map<std::string, Trackable>& known, const char* what, Scene& scene) {
    return [&known, what, &scene](const std::string& name,
                                  const Block& line) -> std::optional<Trackable> {
        const auto found = known.find(name);
        if (found == known.end()) {
            lost(scene.report, line, std::string("there is no such ") + what);
            return std::nullopt;
        }
        if (found->second.item.empty()) {
            lost(scene.report, line, std::string("the ") + what + " could not be carried over");
            return std::nullopt;
        }
        return found->second;
    };
}

// An interface that is only tracked becomes a port if its addresses are known: lbd drives no device
// without.
std::optional<Trackable> interface_of(const std::string& name, const Block& line, Scene& scene) {
    if (!scene.networks.has(name) && scene.networks.addresses_of(name).empty()) {
        lost(scene.report, line,
             "lbd tracks its own ports only; make it one with --address " + printable(name) +
                 "=ADDRESS/LENGTH and perhaps --port");
        return std::nullopt;
    }
    const auto port = scene.networks.name_of(name);
    if (!port) {
        lost(scene.report, line, "this is no interface's name");
        return std::nullopt;
    }
    Trackable found;
    found.item.set("port", *port);
    return found;
}

void on_duration(Keywords& keywords, const std::string& key, const char* keyword, Yaml& item,
                 Scene& scene, Milliseconds least) {
    keywords.on(keyword, [&item, &scene, key, least](const Block& line) {
        if (const auto given = one_timer(line, scene.report, least, 3600s)) {
            item.set(key, duration_text(*given));
        }
    });
}

void on_value(Keywords& keywords, const char* key, Yaml& item, Scene& scene) {
    keywords.on(key, [&item, &scene, key](const Block& line) {
        if (const auto given = one_word(line, scene.report)) {
            put(item, track_section(), key, *given, line, scene.report);
        }
    });
}

// `pgrep -x` as keepalived compares: with the name that the kernel has of the process.
void put_process(Yaml& item, const Block& line, Scene& scene) {
    const auto name = one_word(line, scene.report);
    constexpr std::size_t longest = 15; // Linux: TASK_COMM_LEN
    if (!name) {
        return;
    }
    const bool plain =
        name->size() <= longest && !name->empty() &&
        std::all_of(name->begin(), name->end(), [](unsigned char character) {
            return std::isalnum(character) != 0 || character == '-' || character == '_';
        });
    if (plain) {
        item.set("script", Yaml::words({"/usr/bin/pgrep", "-x", *name}));
    } else {
        lost(scene.report, line,
             "no script can stand for it; write one that looks for the process");
    }
}

} // namespace

void read_script(const Block& block, Trackables& known, Scene& scene) {
    Arguments arguments(block, scene.report);
    const auto name = arguments.next();
    arguments.finish();
    Trackable script;
    auto& item = script.item;
    Keywords keywords;
    keywords.on("script", [&](const Block& line) {
        auto run = Yaml::map();
        if (put_script(run, line, scene)) {
            item.set("script", *run.find("script"));
            if (line.words.size() > 2) {
                changed(scene.report, line, "tracking scripts run as lbd's user");
            }
        }
    });
    on_duration(keywords, "interval", "interval", item, scene, 100ms);
    on_duration(keywords, "timeout", "timeout", item, scene, 10ms);
    on_value(keywords, "rise", item, scene);
    on_value(keywords, "fall", item, scene);
    bool good = true;
    on_weight(keywords, script, good, scene);
    keywords.lost({"user"}, "tracking scripts run as lbd's user");
    keywords.noted({"init_fail"}, "lbd waits for the first result before it may be master");
    keywords.read(block.items, scene.report);
    if (item.find("script") == nullptr || !good) {
        item = Yaml::map();
    }
    known.scripts[name] = std::move(script);
}

void read_process(const Block& block, Trackables& known, Scene& scene) {
    Arguments arguments(block, scene.report);
    const auto name = arguments.next();
    arguments.finish();
    Trackable process{.item = {}, .weight = 1};
    Keywords keywords;
    keywords.on("process", [&](const Block& line) { put_process(process.item, line, scene); });
    bool good = true;
    on_weight(keywords, process, good, scene);
    keywords.on("quorum", [&](const Block& line) {
        if (one_number(line, scene.report, 0, UINT32_MAX).value_or(1) != 1) {
            changed(scene.report, line, "one process is enough for lbd; count them in a script");
        }
    });
    keywords.lost(
        {"quorum_max", "param_match", "full_command", "delay", "fork_delay", "terminate_delay"},
        "lbd looks for the process with pgrep every second; use a script");
    keywords.read(block.items, scene.report);
    if (!good) {
        process.item = Yaml::map();
    }
    known.processes[name] = std::move(process);
}

void add_track_keywords(Keywords& keywords, std::vector<Track>& tracks, const Trackables& known,
                        Scene& scene) {
    const auto on = [&](const char* keyword, Find find) {
        keywords.on_block(keyword, [&tracks, &scene, find = std::move(find)](const Block& block) {
            read_tracks(block, tracks, find, scene);
        });
    };
    on("track_interface", [&scene](const std::string& name, const Block& line) {
        return interface_of(name, line, scene);
    });
    on("track_script", among(known.scripts, "vrrp_script", scene));
    on("track_process", among(known.processes, "vrrp_track_process", scene));
    keywords.lost({"track_file"}, "lbd does not watch files; use a script");
    keywords.lost({"track_bfd"}, "lbd has no BFD");
}

void put_tracks(Yaml& instance, const std::vector<Track>& tracks, unsigned priority, bool fault,
                Scene& scene) {
    constexpr unsigned owner = 255;
    constexpr int most_lowered = 253;
    auto list = Yaml::list();
    unsigned raised = priority;
    for (const auto& track : tracks) {
        auto item = track.item;
        const int weight = fault ? 0 : track.weight;
        if (weight != 0 && priority == owner) {
            lost(scene.report, *track.line, "the priority of the owner, 255, is never lowered");
            continue;
        }
        if (weight != 0) {
            item.set("lower_priority_by",
                     std::to_string(std::min(weight < 0 ? -weight : weight, most_lowered)));
        }
        if (weight > 0) {
            raised += static_cast<unsigned>(weight);
        }
        list.add(std::move(item));
    }
    std::string comment;
    if (raised != priority) {
        comment = std::to_string(priority) + " and the weights that count while all is well";
    }
    if (raised > priority && raised >= owner) {
        raised = owner - 1;
        changed(scene.report, *tracks.front().line,
                "with its weights the priority would be above 254; lower them");
    }
    instance.set("priority", std::to_string(raised), comment);
    if (!list.empty()) {
        instance.set("track", std::move(list));
    }
}

} // namespace lbd::config::keepalived
