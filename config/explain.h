// SPDX-License-Identifier: BSD-3-Clause
// The whole of a configuration, defaults included, as a document that loads as the same Config.
#pragma once

#include <string>
#include <string_view>

namespace lbd::config {

// What a default has given is marked by a comment, and keys that have no value are comments. In
// place of a secret there are asterisks, so the result is as good as the original but for these.
// Throws Errors as load_text does.
std::string explain(std::string_view text, const std::string& filename);

} // namespace lbd::config
