// SPDX-License-Identifier: BSD-3-Clause
// What the things that a VRRP instance tracks do to it. Pure functions.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "config/config.h"

namespace lbd::control {

// How things stand. Reasons are sentences without a full stop; empty: it is well.
struct Conditions {
    std::string start;   // why no instance may take part yet
    std::string workers; // which of them does not poll
    std::function<std::string(const std::string& port)> link;
    std::function<unsigned(const std::string& service)> live_backends;
    std::function<std::string(const config::VrrpTrack& track)> script;
};

struct Judgement {
    std::string fault;               // why it may not take part; empty: it may
    std::uint8_t priority = 0;       // with what is lost for what fails
    std::vector<std::string> failed; // what lowers the priority, for the operator
    bool operator==(const Judgement&) const = default;
};

Judgement judge(const config::VrrpInstance& instance, const Conditions& conditions);

} // namespace lbd::control
