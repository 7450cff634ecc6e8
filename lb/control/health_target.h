// SPDX-License-Identifier: BSD-3-Clause
// How a backend is checked, from what the configuration says.
#pragma once

#include <vector>

#include "health/pool.h"
#include "lb/control/roster.h"

namespace lbd::control {

// `network`: behind which the backend is.
std::vector<health::Target> health_targets(const BackendRecord& record,
                                           const config::Service& service,
                                           const config::Network& network);

} // namespace lbd::control
