// SPDX-License-Identifier: BSD-3-Clause
// Parts of the warnings.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace lbd::config {

std::string title(const Network& network); // "port lb0", "VLAN lb0.5"
void warn_about_routers(const Config& config,
                        std::vector<std::string>& warnings); // VRRP, its peers

} // namespace lbd::config
