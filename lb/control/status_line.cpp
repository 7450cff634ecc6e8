// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/status_line.h"

#include <boost/json/array.hpp>
#include <map>
#include <string_view>
#include <vector>

namespace lbd::control {

namespace {

constexpr std::size_t most_names = 4;

std::string member_text(const boost::json::value& instance, std::string_view key) {
    return std::string(instance.at(key).as_string());
}

std::string listed(const std::vector<std::string>& names) {
    std::string text;
    for (std::size_t index = 0; index < names.size() && index < most_names; ++index)
        text += (index == 0 ? "" : ", ") + names[index];
    if (names.size() > most_names)
        text += " and " + std::to_string(names.size() - most_names) + " more";
    return text;
}

std::string instances_text(const boost::json::array& instances) {
    std::map<std::string, std::vector<std::string>> names_by_state;
    for (const boost::json::value& instance : instances)
        names_by_state[member_text(instance, "state")].push_back(member_text(instance, "name"));
    std::string text;
    // What matters most first, whatever other states there are after it.
    for (const char* state : {"MASTER", "FAULT"})
        if (const auto found = names_by_state.extract(state))
            text += found.key() + " of " + listed(found.mapped()) + "; ";
    for (const auto& [state, names] : names_by_state) text += state + " of " + listed(names) + "; ";
    return text;
}

} // namespace

std::string status_line(const boost::json::object& vrrp, const Roster& roster) {
    std::size_t configured = 0;
    std::size_t live = 0;
    for (const BackendRecord& backend : roster.backends()) {
        if (!backend.configured) continue;
        ++configured;
        if (backend.is_live()) ++live;
    }
    return instances_text(vrrp.at("instances").as_array()) + std::to_string(live) + " of " +
           std::to_string(configured) + " backends up";
}

} // namespace lbd::control
