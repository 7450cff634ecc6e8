// SPDX-License-Identifier: BSD-3-Clause
// Everything that a configuration is to be warned of: what is legal and probably wrong in itself,
// on this host, and about the files it names.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace lbd::control {

// Sentences. `file`: what the configuration was read from.
std::vector<std::string> all_warnings(const std::string& file, const config::Config& config);

} // namespace lbd::control
