// SPDX-License-Identifier: BSD-3-Clause
// The manual page of the file, written from the schema.
#pragma once

#include <string>

namespace lbd::config {

// lbd.yaml(5), as roff for man(1).
std::string reference();

} // namespace lbd::config
