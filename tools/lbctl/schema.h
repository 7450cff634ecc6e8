// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string_view>

namespace lbd::lbctl {

// The text of lbctl.schema.json.
extern const std::string_view json_schema;

} // namespace lbd::lbctl
