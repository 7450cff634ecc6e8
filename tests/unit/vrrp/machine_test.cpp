// SPDX-License-Identifier: BSD-3-Clause
// The tables of RFC 9568 6.4 row by row, then keepalived's manners and the late master.
#include "vrrp/machine.h"

#include "tests/unit/catch.h"

using namespace lbd::vrrp;
using namespace std::chrono_literals;

namespace {

const Time start = Time(1h);
const Address own_source(boost::asio::ip::address_v4(100)),
    lower_source(boost::asio::ip::address_v4(99)), higher_source(boost::asio::ip::address_v4(101));

Parameters parameters(unsigned version = 3, std::uint8_t priority = 100) {
    Parameters result;
    result.version = version;
    result.priority = priority;
    result.source = own_source;
    return result;
}

AdvertReceived advert(std::uint8_t priority, const Address& source = lower_source,
                      Duration interval = 1s) {
    return {priority, source, interval};
}

Machine backup(const Parameters& parameters) {
    return step({}, parameters, Ready{}, start).machine;
}

Machine master(const Parameters& parameters) {
    const Machine machine = backup(parameters);
    return step(machine, parameters, TimerExpired{}, machine.deadline).machine;
}

bool does_nothing(const Step& step) {
    return !step.advertise && !step.acquire && !step.announce && !step.release;
}

void check_takes_over(const Step& step, const Parameters& parameters) {
    CHECK(step.machine.state == RouterState::master);
    CHECK((step.advertise && step.acquire && step.announce && !step.release));
    CHECK(step.advertised_priority == parameters.priority);
    CHECK(!step.reason.empty());
}

void check_yields(const Step& step) {
    CHECK(step.machine.state == RouterState::backup);
    CHECK((!step.advertise && !step.acquire && !step.announce && step.release));
    CHECK(!step.reason.empty());
}

} // namespace

TEST_CASE("Skew time and master down interval follow the RFCs") {
    struct Row {
        unsigned version;
        std::uint8_t priority;
        Duration interval, skew;
    };
    const auto row =
        GENERATE(Row{2, 100, 1s, Duration(156s) / 256}, Row{2, 254, 10s, Duration(2s) / 256},
                 Row{3, 100, 1s, Duration(156s) / 256}, Row{3, 1, 4s, 4 * Duration(255s) / 256},
                 Row{3, 255, 100ms, Duration(100ms) / 256});
    Parameters own = parameters(row.version, row.priority);
    own.interval = row.interval;
    Machine machine;
    machine.master_interval = row.interval;
    CHECK(skew_time(machine, own) == row.skew);
    CHECK(master_down_interval(machine, own) == 3 * row.interval + row.skew);
}

TEST_CASE("Initialize: the owner that is to start as master is so at once") {
    Parameters own = parameters(3, 255);
    own.start_as_master = true;
    const Step result = step({}, own, Ready{}, start);
    check_takes_over(result, own);
    CHECK(result.machine.deadline == start + own.interval);
}

TEST_CASE("Initialize: everybody else listens for a master down interval first") {
    Parameters own = parameters(3, GENERATE(std::uint8_t{1}, std::uint8_t{254}, std::uint8_t{255}));
    own.start_as_master = own.priority != 255;
    const Step result = step({}, own, Ready{}, start);
    CHECK(result.machine.state == RouterState::backup);
    CHECK(does_nothing(result));
    CHECK(result.machine.deadline == start + master_down_interval(result.machine, own));
}

TEST_CASE("Initialize: nothing but readiness wakes it") {
    const Parameters own = parameters();
    for (const Event& event : {Event(advert(0)), Event(TimerExpired{}), Event(NotReady{})}) {
        const Step result = step({}, own, event, start);
        CHECK(result.machine.state == RouterState::initialize);
        CHECK(does_nothing(result));
    }
}

TEST_CASE("Backup: shutdown is silent") {
    const Parameters own = parameters();
    const Step result = step(backup(own), own, NotReady{}, start);
    CHECK(result.machine.state == RouterState::initialize);
    CHECK(does_nothing(result));
}

TEST_CASE("Backup: without adverts it takes over when the timer fires, not before") {
    const Parameters own = parameters(GENERATE(2u, 3u));
    const Machine waiting = backup(own);
    CHECK(step(waiting, own, TimerExpired{}, waiting.deadline - 1ns).machine.state ==
          RouterState::backup);
    const Step result = step(waiting, own, TimerExpired{}, waiting.deadline);
    check_takes_over(result, own);
    CHECK(result.machine.deadline == waiting.deadline + own.interval);
}

TEST_CASE("Backup: priority 0 leaves the skew time only") {
    const Parameters own = parameters(GENERATE(2u, 3u));
    const Machine waiting = backup(own);
    const Step result = step(waiting, own, advert(0), start);
    CHECK(does_nothing(result));
    CHECK(result.machine.deadline == start + skew_time(waiting, own));
}

TEST_CASE("Backup: a master at least as good starts the timer anew") {
    const Parameters own = parameters();
    const Time now = start + 500ms;
    const Step result =
        step(backup(own), own, advert(GENERATE(std::uint8_t{100}, std::uint8_t{101})), now);
    CHECK(does_nothing(result));
    CHECK(result.machine.deadline == now + master_down_interval(result.machine, own));
}

TEST_CASE("Backup: a lesser master is left to run into our timer, unless we must not preempt") {
    Parameters own = parameters();
    own.preempt = GENERATE(true, false);
    const Machine waiting = backup(own);
    const Step result = step(waiting, own, advert(99), start + 500ms);
    CHECK(does_nothing(result));
    CHECK(result.machine.deadline == waiting.deadline + (own.preempt ? 0ms : 500ms));
}

TEST_CASE("Backup: the owner of the addresses preempts whatever the flag says") {
    Parameters own = parameters(3, 255);
    own.preempt = false;
    const Machine waiting = backup(own);
    CHECK(step(waiting, own, advert(254), start + 500ms).machine.deadline == waiting.deadline);
}

TEST_CASE("Backup: version 3 learns the master's interval, version 2 keeps its own") {
    const Parameters own = parameters(GENERATE(2u, 3u));
    const Step result = step(backup(own), own, advert(200, lower_source, 4s), start);
    const Duration expected =
        own.version == 3 ? 12s + 4 * Duration(156s) / 256 : 3s + Duration(156s) / 256;
    CHECK(result.machine.deadline == start + expected);
}

TEST_CASE("Backup: preempt_delay counts from the first lesser advert") {
    Parameters own = parameters();
    own.preempt_delay = 10s;
    Machine machine = backup(own);
    Time now = start;
    for (; now < start + 10s; now += 1s) {
        machine = step(machine, own, advert(50), now).machine;
        CHECK(machine.deadline == now + master_down_interval(machine, own));
    }
    const Time deadline = machine.deadline;
    for (; now < deadline; now += 1s) machine = step(machine, own, advert(50), now).machine;
    CHECK(machine.deadline == deadline);
    check_takes_over(step(machine, own, TimerExpired{}, deadline), own);
}

TEST_CASE("Backup: a better master in between starts preempt_delay anew") {
    Parameters own = parameters();
    own.preempt_delay = 10s;
    Machine machine = step(backup(own), own, advert(50), start).machine;
    machine = step(machine, own, advert(150), start + 1s).machine;
    machine = step(machine, own, advert(50), start + 2s).machine;
    CHECK(machine.preempt_at == start + 12s);
}

TEST_CASE("Backup: preempt_delay does not delay taking over from the dead") {
    Parameters own = parameters();
    own.preempt_delay = 1000s;
    const Machine machine = step(backup(own), own, advert(50), start).machine;
    check_takes_over(step(machine, own, TimerExpired{}, machine.deadline), own);
}

TEST_CASE("Master: shutdown says farewell with priority 0 and lets go of the addresses") {
    const Parameters own = parameters();
    const Step result = step(master(own), own, NotReady{}, start + 10s);
    CHECK(result.machine.state == RouterState::initialize);
    CHECK((result.advertise && result.release && !result.acquire && !result.announce));
    CHECK(result.advertised_priority == 0);
}

TEST_CASE("Master: its timer sends adverts without drifting") {
    const Parameters own = parameters();
    const Machine machine = master(own);
    const Step result = step(machine, own, TimerExpired{}, machine.deadline + 30ms);
    CHECK((result.advertise && !result.acquire && !result.announce && !result.release));
    CHECK(result.advertised_priority == own.priority);
    CHECK(result.machine.deadline == machine.deadline + own.interval);
}

TEST_CASE("Master: a farewell of another is answered at once") {
    const Parameters own = parameters();
    const Machine machine = master(own);
    const Time now = machine.deadline - 200ms;
    const Step result = step(machine, own, advert(0), now);
    CHECK((result.advertise && !result.announce && !result.release));
    CHECK(result.machine.deadline == now + own.interval);
}

TEST_CASE("Master: priority decides, and among equals the higher address") {
    struct Row {
        std::uint8_t priority;
        Address source;
        bool yields;
    };
    const auto row = GENERATE(Row{101, lower_source, true}, Row{255, lower_source, true},
                              Row{100, higher_source, true}, Row{100, lower_source, false},
                              Row{99, higher_source, false}, Row{1, higher_source, false});
    const Parameters own = parameters(GENERATE(2u, 3u));
    const Machine machine = master(own);
    const Time now = machine.deadline - 200ms;
    const Step result = step(machine, own, advert(row.priority, row.source), now);
    if (row.yields) {
        check_yields(result);
        CHECK(result.machine.deadline == now + master_down_interval(result.machine, own));
    } else {
        CHECK(result.machine.state == RouterState::master);
        CHECK((result.advertise && result.announce && !result.acquire && !result.release));
        CHECK(result.machine.deadline == now + own.interval);
    }
}

TEST_CASE("Master: yields to a better one even if it must not preempt itself") {
    Parameters own = parameters();
    own.preempt = false;
    const Machine machine = master(own);
    check_yields(step(machine, own, advert(101), machine.deadline));
}

TEST_CASE("A master whose timer comes later than a backup's steps down before it speaks") {
    const Parameters own = parameters(GENERATE(2u, 3u));
    const Machine machine = master(own);
    const Time last_advert = machine.deadline - own.interval;
    const Time limit = last_advert + master_down_interval(machine, own);
    CHECK(step(machine, own, TimerExpired{}, limit).machine.state == RouterState::master);
    const Step result = step(machine, own, TimerExpired{}, limit + 1ns);
    check_yields(result);
    CHECK(result.machine.deadline == limit + 1ns + master_down_interval(result.machine, own));
}

TEST_CASE("A late master that hears its successor before its timer steps down, too") {
    const Parameters own = parameters();
    const Machine machine = master(own);
    check_yields(step(machine, own, advert(50), machine.deadline + 10s));
}

TEST_CASE("A backup whose timer comes very late listens before it takes over") {
    const Parameters own = parameters();
    const Machine machine = backup(own);
    const Time late = machine.deadline + master_down_interval(machine, own) + 1ns;
    const Step result = step(machine, own, TimerExpired{}, late);
    CHECK(result.machine.state == RouterState::backup);
    CHECK(does_nothing(result));
    CHECK(result.machine.deadline == late + master_down_interval(machine, own));
}

TEST_CASE("A master whose interval is changed is not late by the new one") {
    Parameters own = parameters(GENERATE(2u, 3u));
    own.interval = GENERATE(Duration(1s), Duration(10s));
    const Machine machine = master(own);
    own.interval = own.interval == Duration(1s) ? Duration(10s) : Duration(1s);
    const Step result = step(machine, own, TimerExpired{}, machine.deadline);
    CHECK(result.machine.state == RouterState::master);
    CHECK(result.advertise);
}

TEST_CASE("Once it has told its new interval a master may be silent for as long as that allows") {
    Parameters own = parameters(GENERATE(2u, 3u));
    Machine machine = master(own);
    own.interval = 10s;
    machine = step(machine, own, TimerExpired{}, machine.deadline).machine;
    const Time limit = machine.deadline - own.interval + master_down_interval(machine, own);
    CHECK(step(machine, own, TimerExpired{}, limit).machine.state == RouterState::master);
    CHECK(step(machine, own, TimerExpired{}, limit + 1ns).machine.state == RouterState::backup);
}

TEST_CASE("Master: yielding, version 3 waits by its successor's interval") {
    const Parameters own = parameters(GENERATE(2u, 3u));
    const Machine machine = master(own);
    const Step result = step(machine, own, advert(200, lower_source, 4s), machine.deadline);
    const Duration expected =
        own.version == 3 ? 12s + 4 * Duration(156s) / 256 : 3s + Duration(156s) / 256;
    CHECK(result.machine.deadline == machine.deadline + expected);
}

TEST_CASE("Becoming ready twice changes nothing") {
    const Parameters own = parameters();
    for (const Machine& machine : {backup(own), master(own)}) {
        const Step result = step(machine, own, Ready{}, start + 1s);
        CHECK(result.machine.state == machine.state);
        CHECK(result.machine.deadline == machine.deadline);
        CHECK(does_nothing(result));
    }
}

TEST_CASE("a master that resigns says priority 0 and keeps the addresses until it is succeeded") {
    const Parameters own = parameters(3, 150);
    const Step resigned = step(master(own), own, Resign{}, start + 10s);
    CHECK(resigned.machine.state == RouterState::backup);
    CHECK((resigned.advertise && !resigned.release && resigned.machine.lingering));
    CHECK(resigned.advertised_priority == 0);
    const Step succeeded = step(resigned.machine, own, advert(100), start + 11s);
    CHECK(succeeded.machine.state == RouterState::backup);
    CHECK((succeeded.release && !succeeded.advertise && !succeeded.machine.lingering));
}

TEST_CASE("who resigned does not preempt, but takes over from the dead, and then preempts again") {
    const Parameters own = parameters(3, 150);
    Machine machine = step(master(own), own, Resign{}, start + 10s).machine;
    for (auto at = start + 11s; at < start + 30s; at += 1s) {
        machine = step(machine, own, advert(100), at).machine;
        machine = step(machine, own, TimerExpired{}, at + 900ms).machine;
        CHECK(machine.state == RouterState::backup);
    }
    const Step again = step(machine, own, TimerExpired{}, machine.deadline);
    check_takes_over(again, own);
    CHECK_FALSE(again.machine.resigned);
    CHECK_FALSE(again.machine.lingering);
}

TEST_CASE("who resigned and has no successor stays what it was") {
    const Parameters own = parameters(3, 150);
    const Machine machine = step(master(own), own, Resign{}, start + 10s).machine;
    check_takes_over(step(machine, own, TimerExpired{}, machine.deadline), own);
}

TEST_CASE("who resigned and stops before it is succeeded lets the addresses go") {
    const Parameters own = parameters(3, 150);
    const Machine machine = step(master(own), own, Resign{}, start + 10s).machine;
    const Step stopped = step(machine, own, NotReady{}, start + 10s);
    CHECK(stopped.machine.state == RouterState::initialize);
    CHECK((stopped.release && !stopped.advertise));
}

TEST_CASE("another's farewell is no succession") {
    const Parameters own = parameters(3, 150);
    const Machine machine = step(master(own), own, Resign{}, start + 10s).machine;
    const Step heard = step(machine, own, advert(0), start + 10s);
    CHECK_FALSE(heard.release);
    CHECK(heard.machine.lingering);
}

TEST_CASE("Group: while others hear their masters, a backup only wants to take over") {
    Parameters own = parameters();
    own.held = true;
    const Machine waiting = backup(own);
    const Step held = step(waiting, own, TimerExpired{}, waiting.deadline);
    CHECK(held.machine.state == RouterState::backup);
    CHECK(held.machine.wants);
    CHECK(does_nothing(held));
    CHECK(held.machine.deadline == waiting.deadline + master_down_interval(waiting, own));
    // Nobody holds it any longer.
    own.held = false;
    check_takes_over(step(held.machine, own, TimerExpired{}, held.machine.deadline), own);
    // Its master is back.
    const Step heard = step(held.machine, own, advert(200), held.machine.deadline - 1s);
    CHECK_FALSE(heard.machine.wants);
    // One that it would preempt changes nothing.
    CHECK(step(held.machine, own, advert(50), held.machine.deadline - 1s).machine.wants);
}

TEST_CASE("Group: the owner does not start as master by itself") {
    Parameters own = parameters(3, 255);
    own.start_as_master = own.held = true;
    CHECK(step({}, own, Ready{}, start).machine.state == RouterState::backup);
}

TEST_CASE("Group: a backup follows when another takes over, whatever it hears") {
    const Parameters own = parameters();
    check_takes_over(step(backup(own), own, TakeOver{}, start), own);
    CHECK(does_nothing(step(master(own), own, TakeOver{}, start)));
    CHECK(step({}, own, TakeOver{}, start).machine.state == RouterState::initialize);
}

TEST_CASE("Group: a master that follows another into backup says so") {
    const Parameters own = parameters();
    const Step result = step(master(own), own, GiveUp{}, start + 10s);
    CHECK(result.machine.state == RouterState::backup);
    CHECK((result.advertise && result.release && !result.acquire));
    CHECK(result.advertised_priority == 0);
    CHECK(result.machine.deadline == start + 10s + master_down_interval(result.machine, own));
    CHECK(does_nothing(step(backup(own), own, GiveUp{}, start)));
}
