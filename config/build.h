// SPDX-License-Identifier: BSD-3-Clause
// From the document to the Config.
#pragma once

#include "config/config.h"
#include "config/document.h"

namespace lbd::config {

// The document must be without errors.
Config build(const Node& root);

} // namespace lbd::config
