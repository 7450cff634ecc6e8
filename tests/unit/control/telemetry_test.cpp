// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <string>
#include <thread>

#include "lb/control/telemetry/plain.h"
#include "lb/control/telemetry/reply.h"
#include "lb/control/telemetry/snapshots.h"
#include "tests/unit/catch.h"

namespace lbd::control::telemetry {

namespace json = boost::json;

namespace {

metrics::Snapshot snapshot(std::size_t backends_of_second) {
    metrics::Snapshot result{};
    result.name = "director";
    const auto service = [](const char* name) {
        return metrics::Service{name, {}, 80, config::Protocol::tcp, true, false, 7};
    };
    const auto backend = [](std::size_t of, std::uint64_t packets) {
        metrics::Backend each{};
        each.service = of;
        each.serving = true;
        each.totals.packets = packets;
        return each;
    };
    result.services = {service("first"), service("second"), service("empty")};
    result.backends = {backend(0, 1000)};
    for (std::size_t number = 0; number < backends_of_second; ++number)
        result.backends.push_back(backend(1, number));
    result.director =
        json::parse(R"({"drops": [{"reason": "no_backend", "packets": 3}], "workers": [],
                        "ports": [], "uptime_seconds": 1.5})")
            .as_object();
    result.vrrp = json::parse(R"({"instances": [{"name": "VI_1"}]})").as_object();
    result.sync = json::parse(R"({"enabled": false, "peers": []})").as_object();
    return result;
}

std::string ask(const metrics::Snapshot& snapshot, std::string_view name,
                std::string_view parameters = "") {
    for (const Command& command : commands())
        if (command.name == name) {
            const Reply reply = command.reply(snapshot, parameters);
            return reply ? json::serialize(*reply) : "nothing";
        }
    return "no such command";
}

std::string plain_of(const char* document) {
    return json::serialize(plain(json::parse(document).as_object()));
}

} // namespace

TEST_CASE("a reply has whole numbers, ASCII and objects") {
    CHECK(plain_of(R"({"on": true, "lag_seconds": 0.0125, "busy_percent": 12.6, "packets": 5})") ==
          R"({"on":1,"lag_ms":13,"busy_percent":13,"packets":5})");
    CHECK(plain_of(R"({"heard_seconds": null, "peers": ["a"], "rejected": {"format": 1}})") ==
          R"({"rejected":{"format":1}})");
    CHECK(plain_of(R"({"reason": "caf\u00e9\n\u0001", "age_seconds": -1.0})") ==
          R"({"reason":"caf????","age_ms":0})");
    const auto longest = plain({{"reason", std::string(300, 'x')}});
    CHECK(longest.at("reason").as_string().size() == 127);
}

TEST_CASE("a service's reply adds up its backends only") {
    const auto of = snapshot(3);
    const std::string second = ask(of, "/lbd/service", "second");
    CHECK_THAT(second, Catch::Matchers::ContainsSubstring(
                           R"("backends":3,"backends_serving":3,"packets":3,)"));
    CHECK_THAT(ask(of, "/lbd/service", "first"),
               Catch::Matchers::ContainsSubstring(R"("packets":1000,)"));
    CHECK_THAT(ask(of, "/lbd/service", "empty"),
               Catch::Matchers::ContainsSubstring(R"("backends":0,)"));
    CHECK(ask(of, "/lbd/backends", "empty") ==
          R"({"service":"empty","total":0,"truncated":0,"backends":{}})");
    CHECK(ask(of, "/lbd/drops") == R"({"no_backend":3})");
    CHECK(ask(of, "/lbd/vrrp") == R"({"total":1,"truncated":0,"instances":{"0":{"name":"VI_1"}}})");
}

TEST_CASE("what is left out of a long list is said, and can be asked for") {
    const auto of = snapshot(2000);
    std::size_t told = 0;
    json::object reply{{"next", 0U}};
    while (reply.contains("next")) {
        const std::string from = json::serialize(reply.at("next"));
        const std::string text = ask(of, "/lbd/backends", "second," + from);
        CHECK(text.size() < 16'000);
        reply = json::parse(text).as_object();
        CHECK(reply.at("total") == 2000);
        CHECK(reply.at("truncated") == (reply.contains("next") ? 1 : 0));
        for (const auto& [number, backend] : reply.at("backends").as_object()) {
            CHECK(number == std::to_string(told));
            CHECK(backend.at("packets") == told);
            ++told;
        }
    }
    CHECK(told == 2000);
}

TEST_CASE("parameters that name nothing are not answered") {
    const auto of = snapshot(3);
    for (const char* parameters : {"", "third", "second,4", "second,-1", "second,x", "second,1,2",
                                   "second,99999999999999999999999", "second, 1", ",", ",second"}) {
        INFO(parameters);
        CHECK(ask(of, "/lbd/backends", parameters) == "nothing");
    }
    CHECK(ask(of, "/lbd/backends", "second,3") != "nothing");
    CHECK(ask(of, "/lbd/drops", "x") == "nothing");
    CHECK(ask(of, "/lbd/vrrp", "2") == "nothing");
}

TEST_CASE("many threads share a snapshot that the control thread makes") {
    boost::asio::io_context io;
    const auto control = std::this_thread::get_id();
    int made = 0;
    const auto snapshots = std::make_shared<Snapshots>(io, [&] {
        CHECK(std::this_thread::get_id() == control);
        ++made;
        return snapshot(1);
    });
    std::vector<Snapshots::Shared> got(8);
    std::vector<std::thread> threads;
    threads.reserve(got.size());
    for (auto& place : got)
        threads.emplace_back([&] { place = snapshots->get(std::chrono::seconds(20)); });
    while (made == 0) {
        io.run_for(std::chrono::milliseconds(10));
        io.restart();
    }
    for (auto& thread : threads) thread.join();
    CHECK(made == 1);
    CHECK(std::all_of(got.begin(), got.end(),
                      [&](const auto& each) { return each && each == got[0]; }));
}

TEST_CASE("whoever asks for a snapshot waits no longer than he is willing to") {
    boost::asio::io_context io;
    const auto snapshots = std::make_shared<Snapshots>(io, [] { return snapshot(1); });
    CHECK(snapshots->get(std::chrono::milliseconds(5)) == nullptr);
}

TEST_CASE("the end of the control plane frees whoever waits for a snapshot") {
    boost::asio::io_context io;
    auto snapshots = std::make_shared<Snapshots>(io, []() -> metrics::Snapshot {
        FAIL("collected after the end");
        return {};
    });
    Snapshots::Shared got = std::make_shared<const metrics::Snapshot>();
    std::thread waits([&] { got = snapshots->get(std::chrono::hours(1)); });
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    snapshots->close();
    waits.join();
    CHECK(got == nullptr);
    io.poll(); // what was asked for before the end
    CHECK(snapshots->get(std::chrono::hours(1)) == nullptr);
}

} // namespace lbd::control::telemetry
