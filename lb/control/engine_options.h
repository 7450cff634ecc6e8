// SPDX-License-Identifier: BSD-3-Clause
// From the configuration's words to the data plane's.
#pragma once

#include <string>

#include "config/config.h"
#include "lb/dataplane/engine.h"

namespace lbd::control {

dataplane::EngineOptions engine_options(const config::Config& config);

// Whether the device is driven through an interface that the kernel has, too.
bool is_kernel_interface(const config::Device& device);

} // namespace lbd::control
