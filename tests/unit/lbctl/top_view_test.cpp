// SPDX-License-Identifier: BSD-3-Clause

#include "tests/unit/catch.h"
#include "tests/unit/lbctl/top_samples.h"
#include "tools/lbctl/top/view.h"

namespace lbd::lbctl::top {

namespace {

// The rows as text: a service's name, or a backend's endpoint.
std::vector<std::string> names(const Sample& sample, const View& view) {
    std::vector<std::string> result;
    for (const Row& row : rows_of(sample, view))
        result.push_back(row.backend != nullptr ? row.backend->endpoint : row.service->name);
    return result;
}

const std::string web1 = "10.0.0.11:80";
const std::string web2 = "10.0.0.12:80";
const std::string dns1 = "[2001:db8::11]:53";

using Names = std::vector<std::string>;

View typed(std::string_view text) {
    View view;
    take_key(view, '/', 10, 5);
    for (const char character : text) take_key(view, character, 10, 5);
    return view;
}

} // namespace

TEST_CASE("rows stand as configured, backends below their service", "[top]") {
    const Sample sample = sample_after(1, 1);
    View view;
    CHECK(names(sample, view) == Names{"web", web1, web2, "dns", dns1});
    view.backends = false;
    CHECK(names(sample, view) == Names{"web", "dns"});
}

TEST_CASE("rows are sorted by what is chosen, numbers from the highest", "[top]") {
    Sample sample = sample_after(1, 1);
    sample.services.at(0).traffic.rates = {1, 20, 3};
    sample.services.at(1).traffic.rates = {2, 10, 4};
    sample.services.at(0).backends.at(0).traffic.rates = {5, 1, 1};
    sample.services.at(0).backends.at(1).traffic.rates = {6, 1, 0};
    View view;
    view.sort = Sort::name;
    CHECK(names(sample, view) == Names{"dns", dns1, "web", web1, web2});
    view.sort = Sort::connections;
    CHECK(names(sample, view) == Names{"dns", dns1, "web", web2, web1});
    view.sort = Sort::packets; // equal ones as configured
    CHECK(names(sample, view) == Names{"web", web1, web2, "dns", dns1});
    view.sort = Sort::bits;
    CHECK(names(sample, view) == Names{"dns", dns1, "web", web1, web2});
    view.sort = Sort::active; // web 4, dns 5; 3 and 1
    CHECK(names(sample, view) == Names{"dns", dns1, "web", web1, web2});
    view.reversed = true;
    CHECK(names(sample, view) == Names{"web", web2, web1, "dns", dns1});
    view.sort = Sort::configuration;
    CHECK(names(sample, view) == Names{"dns", dns1, "web", web2, web1});
}

TEST_CASE("a filter keeps services that match, and backends that do", "[top]") {
    const Sample sample = sample_after(1, 1);
    View view;
    view.filter = "WEB";
    CHECK(names(sample, view) == Names{"web", web1, web2});
    view.filter = "udp [2001";
    CHECK(names(sample, view) == Names{"dns", dns1});
    view.filter = "0.0.12";
    CHECK(names(sample, view) == Names{"web", web2});
    view.filter = "down";
    CHECK(names(sample, view) == Names{"web", web2});
    view.backends = false;
    CHECK(names(sample, view) == Names{"web"});
    view.filter = "nothing";
    CHECK(names(sample, view).empty());
}

TEST_CASE("keys choose the order, and come round", "[top]") {
    View view;
    std::vector<Sort> seen;
    for (int presses = 0; presses < 6; ++presses) {
        CHECK(take_key(view, 's', 10, 5));
        seen.push_back(view.sort);
    }
    CHECK(seen == std::vector<Sort>{Sort::name, Sort::connections, Sort::packets, Sort::bits,
                                    Sort::active, Sort::configuration});
    take_key(view, 'S', 10, 5);
    CHECK(view.sort == Sort::active);
    take_key(view, 'r', 10, 5);
    CHECK(view.reversed);
}

TEST_CASE("keys switch backends, pause and help, and q leaves", "[top]") {
    View view;
    take_key(view, 'b', 10, 5);
    take_key(view, 'p', 10, 5);
    CHECK_FALSE(view.backends);
    CHECK(view.paused);
    take_key(view, 'b', 10, 5);
    take_key(view, 'p', 10, 5);
    CHECK(view.backends);
    CHECK_FALSE(view.paused);
    take_key(view, '?', 10, 5);
    CHECK(view.help);
    take_key(view, 'b', 10, 5);
    CHECK_FALSE(view.help);
    CHECK(view.backends); // only the help was ended by it
    CHECK(take_key(view, 'x', 10, 5));
    CHECK(take_key(view, 0, 10, 5));
    CHECK_FALSE(take_key(view, 'q', 10, 5));
}

TEST_CASE("a filter is typed, corrected, kept and ended", "[top]") {
    View view = typed("qsx");
    CHECK(view.typing);
    CHECK(view.filter == "qsx");
    take_key(view, key_backspace, 10, 5);
    CHECK(view.filter == "qs");
    take_key(view, key_enter, 10, 5);
    CHECK_FALSE(view.typing);
    CHECK(view.filter == "qs");
    take_key(view, key_escape, 10, 5);
    CHECK(view.filter.empty());

    view = typed("a");
    take_key(view, key_escape, 10, 5);
    CHECK_FALSE(view.typing);
    CHECK(view.filter.empty());
    view = typed(std::string(1000, 'a'));
    CHECK(view.filter.size() == 64);
    view = typed("");
    take_key(view, key_backspace, 10, 5);
    take_key(view, key_down, 10, 5);
    CHECK(view.filter.empty());
}

TEST_CASE("scrolling stops at both ends", "[top]") {
    View view;
    const auto first_after = [&view](int key) {
        take_key(view, key, 10, 25);
        return view.first;
    };
    CHECK(first_after(key_up) == 0);
    CHECK(first_after(key_down) == 1);
    CHECK(first_after('j') == 2);
    CHECK(first_after('k') == 1);
    CHECK(first_after(key_page_down) == 11);
    CHECK(first_after(key_page_down) == 15);
    CHECK(first_after(key_down) == 15);
    CHECK(first_after(key_page_up) == 5);
    CHECK(first_after(key_page_up) == 0);
    CHECK(first_after(key_end) == 15);
    CHECK(first_after(key_home) == 0);
    take_key(view, key_page_down, 10, 5); // all rows are visible
    CHECK(view.first == 0);
}

} // namespace lbd::lbctl::top
