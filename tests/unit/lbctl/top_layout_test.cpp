// SPDX-License-Identifier: BSD-3-Clause
#include <string>

#include "tests/unit/catch.h"
#include "tests/unit/lbctl/top_samples.h"
#include "tools/lbctl/top/layout.h"

namespace lbd::lbctl::top {

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;

namespace {

Frame frame(std::size_t width, std::size_t height, int now = 1) {
    return {width, height, Glyphs::ascii, std::chrono::seconds(1), at(now)};
}

Model busy() {
    Model model;
    model.add(sample_after(3600, 1), at(0));
    model.add(sample_after(3601, 2), at(1));
    return model;
}

Model with_services(std::size_t services, std::size_t workers = 1, std::size_t instances = 1) {
    Sample sample = sample_after(3600, 1);
    sample.services.resize(1);
    for (std::size_t number = 1; number < services; ++number) {
        sample.services.push_back(sample.services.front());
        sample.services.back().name = "s" + std::to_string(number);
    }
    sample.workers.resize(workers, sample.workers.front());
    sample.instances.resize(instances, sample.instances.front());
    Model model;
    model.add(std::move(sample), at(0));
    return model;
}

std::vector<std::string> texts(const Page& page) {
    std::vector<std::string> result;
    for (const Line& line : page.lines) {
        std::string text = plain_text(line);
        text.erase(text.find_last_not_of(' ') + 1);
        result.push_back(text);
    }
    return result;
}

std::vector<std::string> shown(const Model& model, View view, const Frame& frame) {
    return texts(page_of(model, model, view, frame));
}

std::string joined(const std::vector<std::string>& lines) {
    std::string all;
    for (const std::string& line : lines) all += line + '\n';
    return all;
}

} // namespace

TEST_CASE("a screen of 80 columns shows everything", "[top]") {
    const std::vector<std::string> lines = shown(busy(), {}, frame(80, 16));
    const std::vector<std::string> expected{
        "2 of 3 backends up, 2 services, lbd up 1h00m                            every 1s",
        "VRRP  VI_1 MASTER 6m40s  VI_2 FAULT 7s",
        "Worker 0     10% *",
        "Conn/s        90 #                      Active        18 #",
        "Packet/s     110 #                      Inactive       6 #",
        "Bit/s      44.0K #                      Drop/s         2 #",
        "SERVICE / BACKEND                STATE       CONN/S  PKT/S  BIT/S  ACTIVE  INACT",
        "web  TCP 192.0.2.10:80           1/2 up          40     60  40.0K       8      3",
        "  -> 10.0.0.11:80                up              30     50  32.0K       6      3",
        "  -> 10.0.0.12:80                down            10     10   8000       2      3",
        "dns  UDP [2001:db8::53]:53       1/1 up          50     50   4000      10      3",
        "  -> [2001:db8::11]:53           up              50     50   4000      10      3",
        "",
        "",
        "",
        "q quit  h help  s sort: configuration  p pause  b backends  / filter  r reverse",
    };
    CHECK(lines == expected);
}

TEST_CASE("no screen has a line too many or too wide", "[top]") {
    std::vector<Model> models{busy(), with_services(40, 3, 2), with_services(1, 64, 30), Model()};
    models.front().miss(std::string(300, 'x'));
    for (const Model& model : models)
        for (const std::size_t width : {0, 1, 2, 10, 39, 40, 71, 72, 80, 132, 200, 500})
            for (const std::size_t height : {0, 1, 2, 3, 5, 8, 24, 60})
                for (const bool help : {false, true}) {
                    View view;
                    view.help = help;
                    view.typing = width % 2 == 0;
                    view.filter = view.typing ? std::string(50, '1') : "";
                    view.first = 7;
                    Frame size = frame(width, height, 100);
                    size.glyphs = help ? Glyphs::ascii : Glyphs::blocks;
                    const Page page = page_of(model, model, view, size);
                    CHECK(page.lines.size() == height);
                    for (const Line& line : page.lines) CHECK(columns(line) <= width);
                }
}

TEST_CASE("a narrow screen keeps state and connections, a wide one has trends", "[top]") {
    const std::vector<std::string> narrow = shown(busy(), {}, frame(40, 24));
    CHECK(narrow.at(0) == "2 of 3 backends up, 2 services~ every 1s");
    CHECK(narrow.at(9) == "SERVICE / BACKEND     STATE       CONN/S");
    CHECK(narrow.at(11) == "  -> 10.0.0.11:80     up              30");
    const std::vector<std::string> wide = shown(busy(), {}, frame(200, 24));
    CHECK_THAT(wide.at(6), ContainsSubstring("INACT  PKT/S, LAST 60"));
    CHECK_THAT(wide.at(7), ContainsSubstring("     3  .#"));
    CHECK(wide.at(8).back() == '3'); // of services only
}

TEST_CASE("what is sorted by has a star", "[top]") {
    View view;
    view.sort = Sort::bits;
    view.reversed = true;
    const std::vector<std::string> lines = shown(busy(), view, frame(80, 24));
    CHECK_THAT(lines.at(6), ContainsSubstring("PKT/S *BIT/S  ACTIVE"));
    CHECK_THAT(lines.back(), ContainsSubstring("s sort: reversed bits"));
    view.sort = Sort::name;
    CHECK_THAT(shown(busy(), view, frame(80, 24)).at(6), StartsWith("*SERVICE / BACKEND "));
}

TEST_CASE("more rows than lines are scrolled through, and the last line says where", "[top]") {
    const Model model = with_services(40); // three rows each
    View view;
    view.first = 60;
    const Page page = page_of(model, model, view, frame(80, 24));
    CHECK(page.rows == 120);
    CHECK(page.visible == 16);
    CHECK_THAT(texts(page).at(7), StartsWith("s20 "));
    CHECK_THAT(texts(page).back(), ContainsSubstring(" 61-76 of 120"));
    view.first = 5000; // rows have gone since
    page_of(model, model, view, frame(80, 24));
    CHECK(view.first == 104);
    CHECK_THAT(shown(model, {}, frame(40, 24)).back(), ContainsSubstring("of 120"));
}

TEST_CASE("many workers are summed up, with a column each", "[top]") {
    CHECK_THAT(joined(shown(with_services(1, 8), {}, frame(80, 24))),
               ContainsSubstring("Worker 7  "));
    const std::string all = joined(shown(with_services(1, 64), {}, frame(80, 24)));
    CHECK_THAT(all, ContainsSubstring("Busy mean    77%"));
    CHECK_THAT(all, ContainsSubstring("Busy most    77%"));
    CHECK_THAT(all, ContainsSubstring("64 workers " + std::string(64, '*')));
    CHECK_THAT(all, !ContainsSubstring("Worker 0"));
}

TEST_CASE("VRRP instances that do not fit are counted by state", "[top]") {
    CHECK(shown(with_services(1, 1, 30), {}, frame(80, 24)).at(1) == "VRRP  1 FAULT  29 MASTER");
    CHECK(shown(busy(), {}, frame(30, 24)).at(1) == "VRRP  1 FAULT  1 MASTER");
    CHECK(shown(with_services(1, 1, 0), {}, frame(80, 24)).at(1) == "VRRP  no instance");
}

TEST_CASE("silence of lbd is told in the first line, with its reason and length", "[top]") {
    Model model = busy(); // answered in second 1
    CHECK_THAT(shown(model, {}, frame(80, 24, 3)).at(0), StartsWith("2 of 3 backends"));
    CHECK_THAT(shown(model, {}, frame(80, 24, 5)).at(0), StartsWith("no answer from lbd for 4s  "));
    model.miss("lbd is not running");
    const std::vector<std::string> lines = shown(model, {}, frame(80, 24, 66));
    CHECK_THAT(lines.at(0), StartsWith("no answer from lbd for 1m05s: lbd is not running"));
    CHECK_THAT(lines.at(7), StartsWith("web ")); // what was last known
    model.add(sample_after(1, 1), at(67));
    CHECK_THAT(shown(model, {}, frame(80, 24, 67)).at(0), ContainsSubstring("lbd up 1s"));
}

TEST_CASE("a paused view stands still and tells of trouble all the same", "[top]") {
    const Model still = busy();
    Model live = still;
    live.add(sample_after(3602, 9), at(2));
    View view;
    view.paused = true;
    view.filter = "dns";
    std::vector<std::string> lines = texts(page_of(live, still, view, frame(80, 24, 2)));
    CHECK_THAT(lines.at(0),
               ContainsSubstring("lbd up 1h00m") && ContainsSubstring("filter: dns  PAUSED"));
    CHECK_THAT(lines.at(7), StartsWith("dns ") && ContainsSubstring("1/1 up          50"));
    live.miss("gone");
    lines = texts(page_of(live, still, view, frame(80, 24, 9)));
    CHECK_THAT(lines.at(0), StartsWith("no answer from lbd for 7s: gone"));
}

TEST_CASE("an empty table says why", "[top]") {
    View view;
    view.filter = "zzz";
    CHECK_THAT(joined(shown(busy(), view, frame(80, 24))), ContainsSubstring("(nothing matches)"));
    Model none;
    none.add(Sample(), at(0));
    CHECK_THAT(joined(shown(none, {}, frame(80, 24))),
               ContainsSubstring("(no service is configured)"));
}

TEST_CASE("help fits on 80 by 24 and names every key", "[top]") {
    View view;
    view.help = true;
    const std::vector<std::string> lines = shown(busy(), view, frame(80, 24));
    CHECK_THAT(joined(lines), ContainsSubstring("Any key goes back.") && !ContainsSubstring("~"));
    for (const char* key : {"  q,", "  s, S", "  r ", "  b ", "  / ", "  p ", "PgUp", "Ctrl-L"})
        CHECK_THAT(joined(lines), ContainsSubstring(key));
}

TEST_CASE("what is being typed stands in the last line", "[top]") {
    View view;
    view.typing = true;
    view.filter = "web";
    CHECK(shown(busy(), view, frame(80, 24)).back() == "Filter: web_");
}

} // namespace lbd::lbctl::top
