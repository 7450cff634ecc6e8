// SPDX-License-Identifier: BSD-3-Clause
// What is exported under which name. Any thread.
#pragma once

#include <string>

#include "lb/control/metrics/process.h"
#include "lb/control/metrics/snapshot.h"

namespace lbd::control::metrics {

std::string text_of(const Snapshot& snapshot, const Process& process);

} // namespace lbd::control::metrics
