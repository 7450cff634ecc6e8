// SPDX-License-Identifier: BSD-3-Clause
// What is allowed and yet probably not what was meant.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace lbd::config {

// Sentences without file or line, as also a Config that never was a file can be asked.
std::vector<std::string> warnings(const Config& config);

} // namespace lbd::config
