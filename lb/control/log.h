// SPDX-License-Identifier: BSD-3-Clause
// One line a message to standard error, where systemd's journal takes the level from "<N>" in
// front.
#pragma once

#include <string_view>

namespace lbd::control {

enum class LogLevel { error = 3, warning = 4, notice = 5, info = 6, debug = 7 };

// Set once at start, before other threads exist.
void set_log_level(LogLevel level);

// Control characters in `message` are replaced: parts of it may come from the network.
void log(LogLevel level, std::string_view message);

} // namespace lbd::control
