// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/warnings.h"

#include "config/host_warnings.h"
#include "config/warnings.h"
#include "lb/control/file_warnings.h"
#include "lb/host/placement.h"

namespace lbd::control {

std::vector<std::string> all_warnings(const std::string& file, const config::Config& config) {
    const config::HostFacts placement = host::placement(host::Files("/"), config);
    std::vector<std::string> all;
    for (const auto& warnings : {config::warnings(config), config::host_warnings(config, placement),
                                 file_warnings(file, config)})
        all.insert(all.end(), warnings.begin(), warnings.end());
    return all;
}

} // namespace lbd::control
