// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <limits>

#include "tests/unit/catch.h"
#include "tools/lbctl/top/history.h"
#include "tools/lbctl/top/text.h"

namespace lbd::lbctl::top {

namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();
constexpr double gap = std::numeric_limits<double>::quiet_NaN();

History of(std::initializer_list<double> values) {
    History history;
    for (const double value : values) history.add(value);
    return history;
}

} // namespace

TEST_CASE("a history gives its last values, oldest first", "[top]") {
    const History history = of({1, 2, 3, 4, 5});
    CHECK(history.peaks(3, 1) == std::vector<double>{3, 4, 5});
    CHECK(history.peaks(9, 1) == std::vector<double>{1, 2, 3, 4, 5});
    CHECK(history.peaks(0, 1).empty());
    CHECK(History().peaks(3, 1).empty());
}

TEST_CASE("values that share a column show their peak, with the same neighbours always", "[top]") {
    History history = of({1, 9, 2, 3, 7});
    CHECK(history.peaks(9, 2) == std::vector<double>{9, 3, 7});
    history.add(1);
    CHECK(history.peaks(9, 2) == std::vector<double>{9, 3, 7});
    CHECK(history.peaks(2, 2) == std::vector<double>{3, 7});
}

TEST_CASE("what is forgotten does not change what values share a column", "[top]") {
    History history;
    for (std::size_t value = 0; value < History::capacity + 1; ++value)
        history.add(static_cast<double>(value));
    CHECK(history.peaks(History::capacity, 1).size() == History::capacity);
    const std::vector<double> pairs = history.peaks(History::capacity, 2);
    CHECK(pairs.front() == 1); // 0 is forgotten
    CHECK(pairs.at(1) == 3);
}

TEST_CASE("a gap is blank, unless it shares a column with a value", "[top]") {
    History history = of({4});
    history.add_gap();
    history.add_gap();
    CHECK(std::isnan(history.peaks(3, 1).at(1)));
    CHECK(history.peaks(3, 2).at(0) == 4);
    CHECK(sparkline(history.peaks(3, 1), 4, Glyphs::ascii) == "#  ");
}

TEST_CASE("a sparkline has a column a value, in blocks or in ASCII", "[top]") {
    CHECK(sparkline({0, 1, 2, 3, 4, 5, 6, 7}, 0, Glyphs::blocks) == "▁▂▃▄▅▆▇█");
    CHECK(sparkline({0, 1, 2, 3, 4, 5, 6, 7}, 0, Glyphs::ascii) == "_.:-=+*#");
    CHECK(sparkline({50, 100, 200}, 100, Glyphs::ascii) == "=##");
    CHECK(sparkline({0.001, 0}, 100, Glyphs::ascii) == "._");
    CHECK(sparkline({}, 0, Glyphs::ascii).empty());
}

TEST_CASE("figures that cannot be do not break a sparkline", "[top]") {
    CHECK(columns(sparkline({infinite, -infinite, gap, -1, 1}, 0, Glyphs::blocks)) == 5);
    CHECK(sparkline({0, 0}, 0, Glyphs::ascii) == "__");
}

TEST_CASE("text is cut or filled to columns, not bytes", "[top]") {
    CHECK(fitted("abc", 5) == "abc  ");
    CHECK(fitted("abc", 3) == "abc");
    CHECK(fitted("abcd", 3) == "ab~");
    CHECK(fitted("▁▂▃▄", 3) == "▁▂~");
    CHECK(fitted("abc", 0).empty());
    Line line{{"abc"}, {"▁▂▃"}, {"xyz"}};
    CHECK(columns(line) == 9);
    cut(line, 5);
    CHECK(plain_text(line) == "abc▁~");
    cut(line, 3);
    CHECK(plain_text(line) == "abc");
}

TEST_CASE("numbers take five columns at most", "[top]") {
    CHECK(short_number(0) == "0");
    CHECK(short_number(0.3) == "0.3");
    CHECK(short_number(0.999) == "1");
    CHECK(short_number(9.96) == "10");
    CHECK(short_number(9999.4) == "9999");
    CHECK(short_number(9999.6) == "10.0K");
    CHECK(short_number(99960) == "100K");
    CHECK(short_number(999600) == "1.0M");
    CHECK(short_number(40e9) == "40.0G");
    CHECK(short_number(1e300) == "lots");
    CHECK(short_number(infinite) == "lots");
    CHECK(short_number(gap) == "0");
    CHECK(short_number(-5) == "0");
}

} // namespace lbd::lbctl::top
