// SPDX-License-Identifier: BSD-3-Clause
// One line a message to standard error, where systemd's journal takes the level from "<N>" in
// front. Nobody waits for who reads it: what is not taken is lost, and counted in the next line.
#pragma once

#include <optional>
#include <string_view>

namespace lbd::control {

enum class LogLevel { error = 3, warning = 4, notice = 5, info = 6, debug = 7 };

inline constexpr std::string_view log_level_names = "error, warning, notice, info, debug";

// Nothing if it is none of the names.
std::optional<LogLevel> parse_log_level(std::string_view name);
std::string_view name_of(LogLevel level);

// Messages up to this level are written, from the next one on. Any thread.
void set_log_level(LogLevel level);
LogLevel log_level();

// Control characters in `message` are replaced: parts of it may come from the network.
void log(LogLevel level, std::string_view message);

} // namespace lbd::control
