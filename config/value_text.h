// SPDX-License-Identifier: BSD-3-Clause
// Values as a user would write them.
#pragma once

#include <string>

#include "config/types.h"

namespace lbd::config {

// What the type reads as the value.
std::string value_text(const Value& value, const Type& type);

// The word as YAML has it: in quotes, if it could be taken for something else.
std::string quoted_word(const std::string& word);

} // namespace lbd::config
