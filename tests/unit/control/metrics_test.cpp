// SPDX-License-Identifier: BSD-3-Clause
#include <limits>

#include "lb/control/metrics/exposition.h"
#include "tests/unit/catch.h"

namespace lbd::control::metrics {

TEST_CASE("a family is its help, its type and its samples") {
    Exposition out;
    out.family("lbd_packets_total", Type::counter, "Packets.\nOf all \\ kinds.");
    out.sample(text_of({{"port", "lb0"}, {"worker", "1"}}), std::uint64_t{18446744073709551615U});
    out.family("lbd_busy_ratio", Type::gauge, "Busy.");
    out.sample("", 0.25);
    CHECK(out.take() ==
          "# HELP lbd_packets_total Packets.\\nOf all \\\\ kinds.\n"
          "# TYPE lbd_packets_total counter\n"
          "lbd_packets_total{port=\"lb0\",worker=\"1\"} 18446744073709551615\n"
          "# HELP lbd_busy_ratio Busy.\n"
          "# TYPE lbd_busy_ratio gauge\n"
          "lbd_busy_ratio 0.25\n");
}

TEST_CASE("what would end a label is escaped") {
    CHECK(text_of({{"name", "a\"b\\c\nd"}}) == R"({name="a\"b\\c\nd"})");
    CHECK(text_of({}).empty());
}

TEST_CASE("numbers that are none are spelled as the format has them") {
    Exposition out;
    out.family("x", Type::gauge, "X.");
    out.sample("", std::numeric_limits<double>::infinity());
    out.sample("", -std::numeric_limits<double>::infinity());
    out.sample("", std::numeric_limits<double>::quiet_NaN());
    CHECK(out.take() == "# HELP x X.\n# TYPE x gauge\nx +Inf\nx -Inf\nx NaN\n");
}

} // namespace lbd::control::metrics
