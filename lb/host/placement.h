// SPDX-License-Identifier: BSD-3-Clause
// Where a configuration's NICs are, and which cores are kept for workers.
#pragma once

#include <string>

#include "config/host_warnings.h"
#include "lb/host/files.h"

namespace lbd::host {

// The directory of a PCI device, whose address is as in a configuration.
std::string path_of_nic(std::string address);

config::HostFacts placement(const Files& files, const config::Config& config);

} // namespace lbd::host
