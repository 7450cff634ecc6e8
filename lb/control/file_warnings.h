// SPDX-License-Identifier: BSD-3-Clause
// What is wrong with the owners and modes of the files that lbd is configured by and runs.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace lbd::control {

// Sentences. `file`: what the configuration was read from.
std::vector<std::string> file_warnings(const std::string& file, const config::Config& config);

} // namespace lbd::control
