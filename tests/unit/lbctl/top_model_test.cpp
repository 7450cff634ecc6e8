// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>

#include "tests/unit/catch.h"
#include "tests/unit/lbctl/top_samples.h"
#include "tools/lbctl/top/model.h"

namespace lbd::lbctl::top {

TEST_CASE("a first sample has the rates that lbd has measured itself", "[top]") {
    Model model;
    model.add(sample_after(100, 1), at(0));
    const Rates& rates = model.sample().services.at(0).backends.at(0).traffic.rates;
    CHECK(rates.connections == 1);
    CHECK(rates.packets == 2);
    CHECK(rates.bits == 24);
    CHECK(model.sample().workers.at(0).busy_percent == 77);
    CHECK(model.sample().drops == 0);
}

TEST_CASE("rates are those between two samples, by lbd's clock", "[top]") {
    Model model;
    model.add(sample_after(100, 1), at(0));
    model.add(sample_after(102, 3), at(50)); // 50 s of ours: the answer was late
    const Rates& backend = model.sample().services.at(0).backends.at(0).traffic.rates;
    CHECK(backend.connections == Catch::Approx(30));
    CHECK(backend.packets == Catch::Approx(50));
    CHECK(backend.bits == Catch::Approx(32000));
    CHECK(model.sample().services.at(0).traffic.rates.connections == Catch::Approx(40));
    CHECK(model.sample().workers.at(0).busy_percent == Catch::Approx(10));
    CHECK(model.sample().drops == Catch::Approx(2));
}

TEST_CASE("totals are those of all services", "[top]") {
    Model model;
    model.add(sample_after(100, 1), at(0));
    model.add(sample_after(101, 2), at(1));
    CHECK(model.totals().traffic.rates.connections == Catch::Approx(90));
    CHECK(model.totals().traffic.active == 18);
    CHECK(model.totals().traffic.inactive == 6);
    CHECK(model.totals().backends == 3);
    CHECK(model.totals().up == 2);
    CHECK(model.histories().connections.peaks(9, 1).size() == 2);
    CHECK(model.histories().connections.peaks(1, 1).at(0) == Catch::Approx(90));
    CHECK(model.histories().busy.at(0).peaks(1, 1).at(0) == Catch::Approx(10));
}

TEST_CASE("a restart of lbd makes no rates of its counters", "[top]") {
    Model model;
    model.add(sample_after(100, 50), at(0));
    model.add(sample_after(1, 1), at(1));
    CHECK(model.sample().services.at(0).traffic.rates.connections == 1);
    CHECK(model.sample().workers.at(0).busy_percent == 77);
    // Even if it has been up for longer than when it was seen last.
    model.add(sample_after(200, 50), at(2));
    model.add(sample_after(300, 1), at(3));
    CHECK(model.sample().services.at(0).traffic.rates.connections == 1);
    CHECK(model.sample().workers.at(0).busy_percent == 77);
    CHECK(model.sample().drops == 0);
}

TEST_CASE("what was not there before has the rates that lbd has measured", "[top]") {
    Model model;
    Sample less = sample_after(100, 1);
    less.services.at(0).backends.pop_back();
    less.services.pop_back();
    model.add(std::move(less), at(0));
    model.add(sample_after(101, 2), at(1));
    CHECK(model.sample().services.at(0).backends.at(0).traffic.rates.connections ==
          Catch::Approx(30));
    CHECK(model.sample().services.at(0).backends.at(1).traffic.rates.connections == 1);
    CHECK(model.sample().services.at(1).traffic.rates.connections == 1);
}

TEST_CASE("services that are gone are forgotten with their history", "[top]") {
    Model model;
    model.add(sample_after(100, 1), at(0));
    CHECK(model.histories().services.size() == 2);
    Sample less = sample_after(101, 2);
    less.services.pop_back();
    model.add(std::move(less), at(1));
    REQUIRE(model.histories().services.size() == 1);
    CHECK(model.histories().services.at("TCP 192.0.2.10:80").peaks(9, 1).size() == 2);
}

TEST_CASE("a missing answer leaves a gap and the last figures", "[top]") {
    Model model;
    model.add(sample_after(100, 1), at(5));
    model.miss("not running\033[2J");
    CHECK(model.trouble() == "not running?[2J");
    CHECK(model.answered() == at(5));
    CHECK(model.sample().services.size() == 2);
    for (const History* history :
         {&model.histories().connections, &model.histories().drops, &model.histories().mean_busy,
          &model.histories().busy.at(0), &model.histories().services.at("TCP 192.0.2.10:80")})
        CHECK(std::isnan(history->peaks(1, 1).at(0)));
    model.add(sample_after(110, 2), at(15));
    CHECK(model.trouble().empty());
    CHECK(model.answered() == at(15));
}

TEST_CASE("replies of any shape become printable ASCII and finite lists", "[top]") {
    const Sample sample = sample_of(object_of(R"({"uptime_seconds": "x", "config": 3,
        "services": [7, null, {"name": "\u001b[31mm\u00fcde\u009b", "protocol": "t\ncp",
          "address": ["a"], "port": {}, "connections": "many", "backends": [[], {"state": "\t"}]}],
        "workers": [{"cycles": null}, 1], "drops": {"a": 1}})"),
                                    object_of(R"({"instances": [{"name": "\u0007"}, "x"]})"));
    REQUIRE(sample.services.size() == 1);
    CHECK(sample.services.at(0).name == "?[31mm??de?");
    CHECK(sample.services.at(0).endpoint == "T?CP :");
    REQUIRE(sample.services.at(0).backends.size() == 1);
    CHECK(sample.services.at(0).backends.at(0).state == "?");
    CHECK(sample.workers.size() == 1);
    CHECK(sample.instances.at(0).name == "?");
    Model model;
    model.add(sample, at(0));
    model.add(sample, at(1));
    CHECK(model.totals().backends == 1);
}

} // namespace lbd::lbctl::top
