// SPDX-License-Identifier: BSD-3-Clause
// What a reload changes, in words, and whether it can.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace lbd::control {

// The sections that differ and cannot change while lbd runs.
std::vector<std::string> needs_restart(const config::Config& before, const config::Config& after);

// A line for each service, backend and VRRP instance that is added, removed or changed, and one if
// the notifications are.
std::vector<std::string> describe_changes(const config::Config& before,
                                          const config::Config& after);

} // namespace lbd::control
