// SPDX-License-Identifier: BSD-3-Clause
// The examinations, each of one subject. With a configuration they look at what it needs, without
// one (nullptr) at what any would.
#pragma once

#include "config/config.h"
#include "tools/lbctl/doctor/finding.h"
#include "tools/lbctl/doctor/host.h"

namespace lbd::lbctl {

Findings check_rights(const Host& host, const config::Config* config);
Findings check_kernel(const Host& host, const config::Config* config); // tun, packet, AF_XDP
Findings check_hugepages(const Host& host, const config::Config* config);
Findings check_locked_memory(const Host& host, const config::Config* config);
Findings check_vfio(const Host& host, const config::Config* config);
Findings check_nics(const Host& host, const config::Config* config);
Findings check_interfaces(const Host& host, const config::Config* config); // af_packet, af_xdp
Findings check_companions(const Host& host, const config::Config* config);
Findings check_cores(const Host& host, const config::Config* config);
Findings check_clock(const Host& host, const config::Config* config);
Findings check_addresses(const Host& host, const config::Config* config);
Findings check_neighbour_limit(const Host& host, const config::Config* config);
Findings check_ipvs(const Host& host, const config::Config* config); // and keepalived
Findings check_sysctls(const Host& host, const config::Config* config);

// All of them.
Findings examine(const Host& host, const config::Config* config);

} // namespace lbd::lbctl
