// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/log.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <ctime>
#include <string>
#include <utility>

namespace lbd::control {

namespace {

constexpr std::array<std::pair<std::string_view, LogLevel>, 5> levels{
    {{"error", LogLevel::error},
     {"warning", LogLevel::warning},
     {"notice", LogLevel::notice},
     {"info", LogLevel::info},
     {"debug", LogLevel::debug}}};

std::atomic<LogLevel> threshold = LogLevel::info;

std::string time_of_day() {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    tm broken{};
    localtime_r(&now.tv_sec, &broken);
    char text[32];
    const std::size_t length = std::strftime(text, sizeof(text), "%H:%M:%S", &broken);
    const std::string milliseconds = std::to_string(1000 + now.tv_nsec / 1'000'000);
    return std::string(text, length) + '.' + milliseconds.substr(1) + ' ';
}

} // namespace

std::optional<LogLevel> parse_log_level(std::string_view name) {
    for (const auto& [known, level] : levels)
        if (known == name) return level;
    return std::nullopt;
}

std::string_view name_of(LogLevel level) {
    return std::find_if(levels.begin(), levels.end(),
                        [level](const auto& known) { return known.second == level; })
        ->first;
}

void set_log_level(LogLevel level) {
    threshold.store(level, std::memory_order_relaxed);
}

LogLevel log_level() {
    return threshold.load(std::memory_order_relaxed);
}

void log(LogLevel level, std::string_view message) {
    if (level > log_level()) return;
    // The journal has a clock of its own, and sets this variable for what it captures.
    static const bool to_journal = std::getenv("JOURNAL_STREAM") != nullptr;
    std::string line =
        to_journal ? '<' + std::to_string(static_cast<int>(level)) + '>' : time_of_day();
    line += level == LogLevel::error ? "error: " : level == LogLevel::warning ? "warning: " : "";
    for (const char c : message) line += static_cast<unsigned char>(c) < ' ' ? '?' : c;
    line += '\n';
    [[maybe_unused]] const auto written = write(STDERR_FILENO, line.data(), line.size());
}

} // namespace lbd::control
