// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <initializer_list>

#include "config/check.h"

namespace lbd::config {

namespace {

void check_occasions(const Node& script, std::initializer_list<std::string_view> known,
                     std::string_view object, ErrorList& errors) {
    std::string allowed;
    for (const auto word : known) {
        allowed += (allowed.empty() ? "" : ", ") + std::string(word);
    }
    for (const auto& word : script["on"].items) {
        const auto* text = word.text();
        if (text != nullptr && std::find(known.begin(), known.end(), *text) == known.end()) {
            errors.not_allowed(word.place, word.path, in_quotes(*text),
                               allowed + ", which are what happens to a " + std::string(object));
        }
    }
}

void check_scripts(const Node& list, std::initializer_list<std::string_view> known,
                   std::string_view object, ErrorList& errors) {
    for (const auto& script : list.items) {
        check_program(script["script"], errors);
        if (known.size() != 0) {
            check_occasions(script, known, object, errors);
        }
    }
}

void check_mail(const Node& mail, ErrorList& errors) {
    if (!mail.given) {
        return;
    }
    for (const auto* key : {"from", "to", "server"}) {
        if (!mail[key].given || (std::string_view(key) == "to" && mail[key].items.empty())) {
            errors.say(mail.place, mail.path,
                       "needs from, to and server; there is no " + std::string(key));
        }
    }
}

} // namespace

void check_notify(const Node& root, ErrorList& errors) {
    check_scripts(root["notifications"]["scripts"], {}, "", errors);
    check_mail(root["notifications"]["mail"], errors);
    for (const auto& service : root["services"].items) {
        check_scripts(service["notify"], {"quorum_lost", "quorum_regained"}, "service", errors);
        for (const auto& backend : service["backends"].items) {
            check_scripts(backend["notify"], {"up", "down"}, "backend", errors);
        }
    }
    for (const auto& instance : root["vrrp"].items) {
        check_scripts(instance["notify"], {"master", "backup", "fault", "stop"}, "VRRP instance",
                      errors);
    }
}

} // namespace lbd::config
