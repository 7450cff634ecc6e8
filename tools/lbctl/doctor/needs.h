// SPDX-License-Identifier: BSD-3-Clause
// What a configuration uses and what the process may, as several checks ask.
#pragma once

#include <set>

#include "config/config.h"
#include "tools/lbctl/doctor/host.h"

namespace lbd::lbctl {

enum class Capability : unsigned { // linux/capability.h
    net_admin = 12,
    net_raw = 13,
    ipc_lock = 14,
    sys_nice = 23,
};

bool has_capability(const Host& host, Capability capability); // of this process
bool uses(const config::Config& config, config::Device::Kind kind);
std::set<config::IpAddress> own_addresses(const config::Config& config);     // of ports and VLANs
std::set<config::IpAddress> virtual_addresses(const config::Config& config); // VRRP's, services'

} // namespace lbd::lbctl
