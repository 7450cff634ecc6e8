// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/log.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <string>

#include "tests/unit/catch.h"

namespace lbd::control {

namespace {

// What `act` writes to standard error, as far as a pipe holds it.
template <typename Act>
std::string written_by(const Act& act) {
    std::array<int, 2> ends{};
    REQUIRE(pipe(ends.data()) == 0);
    const int before = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    act();
    dup2(before, STDERR_FILENO);
    close(before);
    close(ends[1]);
    std::string text(4096, '\0');
    const ssize_t length = read(ends[0], text.data(), text.size());
    close(ends[0]);
    text.resize(length < 0 ? 0 : static_cast<std::size_t>(length));
    return text;
}

} // namespace

TEST_CASE("levels have the names that the command line takes") {
    for (const std::string_view name : {"error", "warning", "notice", "info", "debug"}) {
        const auto level = parse_log_level(name);
        REQUIRE(level);
        CHECK(name_of(*level) == name);
        CHECK(log_level_names.find(name) != std::string_view::npos);
    }
    CHECK_FALSE(parse_log_level("loud"));
    CHECK_FALSE(parse_log_level(""));
}

TEST_CASE("a message is written when its level is shown, from the change on") {
    const LogLevel before = log_level();
    set_log_level(LogLevel::notice);
    CHECK(written_by([] { log(LogLevel::info, "detail"); }).empty());
    CHECK(written_by([] { log(LogLevel::notice, "news"); }).find("news\n") != std::string::npos);
    set_log_level(LogLevel::debug);
    CHECK(log_level() == LogLevel::debug);
    CHECK(written_by([] { log(LogLevel::debug, "detail"); }).find("detail\n") != std::string::npos);
    set_log_level(before);
}

TEST_CASE("nobody waits for a reader of the log, and what was lost is counted") {
    const std::string written = written_by([] {
        const int flags = fcntl(STDERR_FILENO, F_SETPIPE_SZ, 4096);
        REQUIRE(flags == 4096);
        for (int line = 0; line < 1000; ++line) log(LogLevel::error, std::string(100, 'x'));
    });
    CHECK(written.size() <= 4096);
    CHECK(written.ends_with('\n'));
    const std::string later = written_by([] { log(LogLevel::error, "again"); });
    CHECK(later.find(" lines of the log were lost") != std::string::npos);
    CHECK(later.find("again\n") != std::string::npos);
    CHECK(written_by([] { log(LogLevel::error, std::string(9000, 'y')); }).size() == 4096);
}

} // namespace lbd::control
