// SPDX-License-Identifier: BSD-3-Clause
// The moment at which tests of what is handed the time begin.
#pragma once

#include <chrono>

namespace lbd::control {

inline constexpr std::chrono::steady_clock::time_point start{std::chrono::seconds(1000)};

} // namespace lbd::control
