// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/tracking.h"

#include "tests/unit/catch.h"

namespace lbd::control {

namespace {

using Kind = config::VrrpTrack::Kind;

config::VrrpTrack tracked(Kind kind, const std::string& name, std::uint8_t lowers = 0) {
    config::VrrpTrack track{};
    track.kind = kind;
    track.name = name;
    track.minimum = 2;
    track.script = {"/check"};
    track.lower_priority_by = lowers;
    return track;
}

config::VrrpInstance instance(std::vector<config::VrrpTrack> tracks) {
    config::VrrpInstance result{};
    result.port = "lb0";
    result.priority = 100;
    result.track = std::move(tracks);
    return result;
}

Conditions all_well() {
    Conditions conditions;
    conditions.link = [](const std::string&) { return std::string(); };
    conditions.live_backends = [](const std::string&) { return 2U; };
    conditions.script = [](const config::VrrpTrack&) { return std::string(); };
    return conditions;
}

Conditions link_down(const std::string& which) {
    Conditions conditions = all_well();
    conditions.link = [which](const std::string& port) {
        return std::string(port == which ? "link is down" : "");
    };
    return conditions;
}

const auto everything = [](std::uint8_t lowers) {
    return instance({tracked(Kind::port, "lb1", lowers), tracked(Kind::service, "web", lowers),
                     tracked(Kind::script, "", lowers), tracked(Kind::workers, "", lowers)});
};

} // namespace

TEST_CASE("while all is well an instance takes part with its priority") {
    CHECK(judge(everything(10), all_well()) == Judgement{"", 100, {}});
    CHECK(judge(everything(0), all_well()) == Judgement{"", 100, {}});
}

TEST_CASE("the own link, the workers and the start count for everybody") {
    CHECK(judge(instance({}), link_down("lb0")).fault == "lb0: link is down");
    CHECK(judge(instance({}), link_down("lb1")).fault.empty());
    Conditions conditions = all_well();
    conditions.workers = "worker 1 does not poll";
    CHECK(judge(instance({}), conditions).fault == "worker 1 does not poll");
    conditions = all_well();
    conditions.start = "starting";
    CHECK(judge(everything(10), conditions).fault == "starting");
}

TEST_CASE("what fails is a fault, or lowers the priority") {
    const auto check = [](const Conditions& conditions, const std::string& reason) {
        CHECK(judge(everything(0), conditions) == Judgement{reason, 100, {}});
        CHECK(judge(everything(30), conditions) == Judgement{"", 70, {reason}});
    };
    check(link_down("lb1"), "lb1: link is down");
    Conditions conditions = all_well();
    conditions.live_backends = [](const std::string&) { return 1U; };
    check(conditions, "service web has 1 live backends of at least 2");
    conditions = all_well();
    conditions.script = [](const config::VrrpTrack&) { return std::string("exited with 1"); };
    check(conditions, "/check exited with 1");
    conditions = all_well();
    conditions.workers = "worker 0 does not poll";
    check(conditions, "worker 0 does not poll");
}

TEST_CASE("the own link may be told to lower the priority only") {
    const auto lenient = instance({tracked(Kind::port, "lb0", 40)});
    CHECK(judge(lenient, link_down("lb0")) == Judgement{"", 60, {"lb0: link is down"}});
}

TEST_CASE("losses add up, and at least 1 remains") {
    auto all = link_down("lb1");
    all.workers = "worker 0 does not poll";
    CHECK(judge(everything(30), all).priority == 40);
    CHECK(judge(everything(30), all).failed.size() == 2);
    CHECK(judge(everything(60), all).priority == 1);
}

} // namespace lbd::control
