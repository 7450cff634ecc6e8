// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/log.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <mutex>
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

// A pipe has room for so much if it has any (pipe(7): PIPE_BUF).
constexpr std::size_t longest_line = 4096;

bool has_room() {
    pollfd standard_error{STDERR_FILENO, POLLOUT, 0};
    return poll(&standard_error, 1, 0) == 1 && (standard_error.revents & POLLOUT) != 0;
}

bool write_whole(std::string_view line) {
    return has_room() &&
           write(STDERR_FILENO, line.data(), line.size()) == static_cast<ssize_t>(line.size());
}

std::string beginning(LogLevel level) {
    // The journal has a clock of its own, and sets this variable for what it captures.
    static const bool to_journal = std::getenv("JOURNAL_STREAM") != nullptr;
    std::string text =
        to_journal ? '<' + std::to_string(static_cast<int>(level)) + '>' : time_of_day();
    text += level == LogLevel::error ? "error: " : level == LogLevel::warning ? "warning: " : "";
    return text;
}

// Whoever reads the log may have stopped doing so, and the disk may be full: the thread that logs
// does not wait.
void put_line(std::string line) {
    static std::mutex one_at_a_time; // so that the room that one has found is not taken by another
    static std::uint64_t lost = 0;
    if (line.size() > longest_line) line.replace(longest_line - 4, std::string::npos, "...\n");
    const std::lock_guard guard(one_at_a_time);
    if (lost != 0) {
        const std::string gap = beginning(LogLevel::warning) + std::to_string(lost) +
                                " lines of the log were lost, as nobody took them\n";
        if (write_whole(gap)) lost = 0;
    }
    if (lost != 0 || !write_whole(line)) ++lost;
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
    std::string line = beginning(level);
    for (const char c : message) line += static_cast<unsigned char>(c) < ' ' ? '?' : c;
    line += '\n';
    put_line(std::move(line));
}

} // namespace lbd::control
