// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>

#include "config/document.h"

namespace lbd::config {

// The text as the schema understands it, and without any error. Throws Errors.
Node checked_document(std::string_view text, const std::string& filename);

} // namespace lbd::config
