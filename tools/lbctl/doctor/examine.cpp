// SPDX-License-Identifier: BSD-3-Clause
#include <iterator>

#include "tools/lbctl/doctor/checks.h"

namespace lbd::lbctl {

Findings examine(const Host& host, const config::Config* config) {
    Findings all;
    for (const auto check :
         {check_rights, check_kernel, check_hugepages, check_locked_memory, check_vfio, check_nics,
          check_interfaces, check_companions, check_cores, check_clock, check_addresses,
          check_neighbour_limit, check_ipvs, check_sysctls}) {
        Findings findings = check(host, config);
        std::move(findings.begin(), findings.end(), std::back_inserter(all));
    }
    return all;
}

} // namespace lbd::lbctl
