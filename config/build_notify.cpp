// SPDX-License-Identifier: BSD-3-Clause
#include "config/build_parts.h"

namespace lbd::config {

namespace {

std::vector<std::string> texts(const Node& list) {
    std::vector<std::string> texts;
    for (const auto& item : list.items) {
        texts.push_back(the<std::string>(item));
    }
    return texts;
}

bool lists(const Node& list, std::string_view word) {
    return std::any_of(list.items.begin(), list.items.end(),
                       [&](const Node& item) { return item.is(word); });
}

std::vector<Occasion> occasions(const Node& on, std::optional<Subject> subject) {
    std::vector<Occasion> occasions;
    for (std::size_t index = 0; index < occasion_words.size(); ++index) {
        const auto occasion = static_cast<Occasion>(index);
        const bool possible = !subject || subject_of(occasion) == *subject;
        if (on.items.empty() ? possible : lists(on, occasion_words[index])) {
            occasions.push_back(occasion);
        }
    }
    return occasions;
}

} // namespace

std::vector<NotifyScript> build_notify(const Node& list, std::optional<Subject> subject) {
    std::vector<NotifyScript> scripts;
    for (const auto& node : list.items) {
        scripts.push_back({.script = texts(node["script"]),
                           .on = occasions(node["on"], subject),
                           .user = maybe<std::string>(node["user"]).value_or(""),
                           .timeout = the<Milliseconds>(node["timeout"])});
    }
    return scripts;
}

Notifications build_notifications(const Node& node) {
    Notifications notifications{.scripts = build_notify(node["scripts"], std::nullopt),
                                .syslog = maybe<std::string>(node["syslog"]).value_or("")};
    const auto& mail = node["mail"];
    if (mail.given) {
        notifications.mail = NotifyMail{.from = the<std::string>(mail["from"]),
                                        .to = texts(mail["to"]),
                                        .server = the<std::string>(mail["server"]),
                                        .port = integer<std::uint16_t>(mail["port"]),
                                        .helo = maybe<std::string>(mail["helo"]).value_or(""),
                                        .timeout = the<Milliseconds>(mail["timeout"]),
                                        .collect = the<Milliseconds>(mail["collect"])};
    }
    return notifications;
}

} // namespace lbd::config
