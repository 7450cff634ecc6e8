// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/notify/event.h"

#include <algorithm>
#include <cctype>

namespace lbd::control::notify {

using config::Occasion;
using config::Subject;

namespace {

std::string_view word_of(Occasion occasion) {
    return config::occasion_words[static_cast<std::size_t>(occasion)];
}

} // namespace

std::string text_of(const config::Backend& backend) {
    const std::string address = backend.address.family == config::IpAddress::Family::v6
                                    ? '[' + backend.address.text() + ']'
                                    : backend.address.text();
    return address + ':' + (backend.port == 0 ? "any" : std::to_string(backend.port));
}

std::string object_of(const Event& event) {
    // No name has a blank.
    const char* kind = config::subject_of(event.occasion) == Subject::vrrp ? "vrrp " : "service ";
    return kind + event.name + ' ' + event.backend;
}

std::string state_of(Occasion occasion) {
    std::string state(word_of(occasion));
    std::transform(state.begin(), state.end(), state.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return state;
}

bool is_trouble(Occasion occasion) {
    return occasion == Occasion::down || occasion == Occasion::quorum_lost ||
           occasion == Occasion::fault;
}

std::vector<std::string> arguments(const Event& event) {
    const std::string state = state_of(event.occasion);
    switch (config::subject_of(event.occasion)) {
        case Subject::backend:
            return {"BACKEND", event.name, event.backend, state};
        case Subject::service:
            return {"SERVICE", event.name, state};
        case Subject::vrrp:
            break;
    }
    return {"INSTANCE", event.name, state, std::to_string(event.priority)};
}

std::map<std::string, std::string> environment(const Event& event) {
    const Subject subject = config::subject_of(event.occasion);
    std::map<std::string, std::string> all{
        {"LBD_EVENT", std::string(word_of(event.occasion))},
        {"LBD_NAME", subject == Subject::backend ? event.backend : event.name},
        {"LBD_STATE", state_of(event.occasion)},
        {"LBD_REASON", plain(event.reason)}};
    all["LBD_OBJECT"] = subject == Subject::backend   ? "backend"
                        : subject == Subject::service ? "service"
                                                      : "vrrp";
    if (subject == Subject::vrrp)
        all["LBD_PRIORITY"] = std::to_string(event.priority);
    else
        all["LBD_SERVICE"] = event.name;
    if (subject == Subject::backend) all["LBD_BACKEND"] = event.backend;
    return all;
}

std::string title(const Event& event) {
    return event.name + ' ' + (event.backend.empty() ? "" : event.backend + ' ') +
           state_of(event.occasion);
}

std::string line(const Event& event) {
    return plain(title(event) + (event.reason.empty() ? "" : ": " + event.reason));
}

std::string plain(std::string_view text) {
    constexpr std::size_t longest = 400; // RFC 5322 2.1.1: a line has at most 998
    std::string result(text.substr(0, longest));
    for (char& c : result)
        if (c < ' ' || c > '~') c = '?';
    if (text.size() > longest) result += "...";
    return result;
}

} // namespace lbd::control::notify
