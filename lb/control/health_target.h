// SPDX-License-Identifier: BSD-3-Clause
// How a backend is checked, from what the configuration says.
#pragma once

#include <optional>
#include <string>

#include "health/pool.h"
#include "lb/control/roster.h"

namespace lbd::control {

// Of a configured backend that is checked; one that was removed is not, and keeps its last verdict
// for the flows that it still has. `interface`: behind which the backend is.
std::optional<health::Target> health_target(const BackendRecord& record,
                                            const std::string& interface);

} // namespace lbd::control
