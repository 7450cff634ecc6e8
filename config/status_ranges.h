// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace lbd::config {

// "200-299,401": statuses of HTTP, ranges with both their ends. Nothing if it is not of that form.
std::optional<std::vector<std::pair<unsigned, unsigned>>> status_ranges(std::string_view text);

} // namespace lbd::config
