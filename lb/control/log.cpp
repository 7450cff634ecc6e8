// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/log.h"

#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <string>

namespace lbd::control {

namespace {

LogLevel threshold = LogLevel::info;

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

void set_log_level(LogLevel level) {
    threshold = level;
}

void log(LogLevel level, std::string_view message) {
    if (level > threshold) return;
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
