// SPDX-License-Identifier: BSD-3-Clause
#include <array>

#include "lb/options.h"
#include "tests/unit/catch.h"

namespace lbd {

namespace {

template <typename... Arguments>
Options parse(Arguments... arguments) {
    const std::array<const char*, sizeof...(arguments) + 1> line{"lbd", arguments...};
    return parse_options(static_cast<int>(line.size()), line.data());
}

} // namespace

TEST_CASE("lbd runs the file that it is given") {
    const Options options = parse("lbd.yaml", "--log-level", "debug");
    CHECK(options.action == Options::Action::run);
    CHECK(options.config_file == "lbd.yaml");
    CHECK(options.log_level == control::LogLevel::debug);
}

TEST_CASE("lbd --check validates a file") {
    const Options options = parse("--check", "lbd.yaml");
    CHECK(options.action == Options::Action::check);
    CHECK(options.config_file == "lbd.yaml");
}

TEST_CASE("lbd --check --explain prints what it checks, wherever the file stands") {
    CHECK_FALSE(parse("--check", "lbd.yaml").explain);
    for (const Options& options :
         {parse("--check", "--explain", "lbd.yaml"), parse("--check", "lbd.yaml", "--explain"),
          parse("--explain", "--check=lbd.yaml"), parse("lbd.yaml", "--explain", "--check")}) {
        CHECK(options.action == Options::Action::check);
        CHECK(options.explain);
        CHECK(options.config_file == "lbd.yaml");
    }
    CHECK_THROWS_AS(parse("--explain", "lbd.yaml"), UsageError);
    CHECK_THROWS_AS(parse("--check", "--explain"), UsageError);
}

TEST_CASE("a wrong command line is a usage error") {
    CHECK_THROWS_AS(parse(), UsageError);
    CHECK_THROWS_AS(parse("a.yaml", "b.yaml"), UsageError);
    CHECK_THROWS_AS(parse("--check"), UsageError);
    CHECK_THROWS_AS(parse("--check", "a.yaml", "b.yaml"), UsageError);
    CHECK_THROWS_AS(parse("--check=a.yaml", "b.yaml"), UsageError);
    CHECK_THROWS_AS(parse("--log-level", "loud", "a.yaml"), UsageError);
    CHECK_THROWS_AS(parse("--frobnicate"), UsageError);
}

} // namespace lbd
