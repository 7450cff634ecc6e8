// SPDX-License-Identifier: BSD-3-Clause
// A change that people and programs are told of, and the words for it. Values and pure functions.
#pragma once

#include <ctime>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace lbd::control::notify {

struct Event {
    config::Occasion occasion;
    std::string name;      // of the service or VRRP instance
    std::string backend;   // "192.0.2.11:80"; empty: not of a backend
    unsigned priority = 0; // of a VRRP instance
    std::string reason;    // parts of it may come from the network
    std::time_t when = 0;
};

// "192.0.2.11:80", "[2001:db8::11]:any".
std::string text_of(const config::Backend& backend);

// The same for events of one object, and for no others.
std::string object_of(const Event& event);
// "UP", "QUORUM_LOST", "MASTER".
std::string state_of(config::Occasion occasion);
// Whether it is bad news.
bool is_trouble(config::Occasion occasion);

// What a program is told after its own arguments, and in its environment.
std::vector<std::string> arguments(const Event& event);
std::map<std::string, std::string> environment(const Event& event);

// "web 192.0.2.11:80 DOWN".
std::string title(const Event& event);
// The same with the reason.
std::string line(const Event& event);

// Without control characters, and of printable ASCII alone: what may go into a mail's header or to
// syslog. Cut where it is too long.
std::string plain(std::string_view text);

} // namespace lbd::control::notify
