// SPDX-License-Identifier: BSD-3-Clause
// Whole elections, simulated: routers with drifting clocks on a network that loses, delays and
// duplicates and falls apart, and that stall and fail; then all is calm, and one master must
// remain. A failure names the seed, with which it happens again.
#include <optional>
#include <queue>
#include <random>
#include <tuple>
#include <utility>
#include <vector>

#include "tests/unit/catch.h"
#include "vrrp/machine.h"

using namespace lbd::vrrp;
using namespace std::chrono_literals;

namespace {

using Real = std::chrono::nanoseconds; // since the simulation began, by nobody's clock

struct Router {
    Parameters parameters;
    double rate = 1; // of its clock
    Duration offset{};
    Machine machine;
    bool holds_addresses = false;
    bool island = false; // on the other side of a partition
    bool stalled = false;
    unsigned timer = 0; // number of the one that counts
    std::vector<AdvertReceived> unread;
};

struct Happening {
    Real at;
    std::uint64_t order; // of what happens at the same time
    std::size_t router;
    std::optional<AdvertReceived> advert; // else a timer
    unsigned timer = 0;
    bool operator<(const Happening& other) const {
        return std::tie(other.at, other.order) < std::tie(at, order);
    }
};

class Simulation {
  public:
    explicit Simulation(unsigned seed) : random_(seed) {
        const unsigned version = 2 + below(2);
        const bool preempt = below(4) != 0;
        const Duration common_interval = 1s * (1 + below(2));
        routers_.resize(2 + below(4));
        for (std::size_t i = 0; i < routers_.size(); ++i) {
            Router& router = routers_[i];
            router.parameters.version = version;
            router.parameters.priority = static_cast<std::uint8_t>(1 + below(255));
            router.parameters.preempt = preempt;
            router.parameters.preempt_delay = below(3) == 0 ? Duration(1s * below(5)) : Duration{};
            router.parameters.start_as_master = below(2) == 0;
            router.parameters.source = boost::asio::ip::address_v4(
                static_cast<boost::asio::ip::address_v4::uint_type>(i + 1));
            // Version 2 demands the same of all.
            router.parameters.interval =
                version == 2 ? common_interval : Duration(100ms * (1 + below(20)));
            router.rate = 0.99 + 0.0001 * below(201);
            router.offset = 1h + 1ms * below(1000000);
            if (below(3) == 0) router.parameters.priority = routers_[0].parameters.priority;
        }
    }

    void live_through_chaos(Real duration) {
        loss_percent_ = below(60);
        longest_delay_ = 1ms * (1 + below(200));
        for (std::size_t i = 0; i < routers_.size(); ++i) tell(i, Ready{});
        const Real end = now_ + duration;
        while (now_ < end) {
            run_until(now_ + 1ms * (1 + below(4000)));
            interfere(below(static_cast<unsigned>(routers_.size())));
        }
    }

    // Everybody awake, at least one router taking part, and the network well.
    void calm_down() {
        loss_percent_ = 0;
        longest_delay_ = 10ms;
        for (std::size_t i = 0; i < routers_.size(); ++i) {
            routers_[i].island = false;
            if (routers_[i].stalled) wake(i);
            if (i == 0 || below(2) == 0) tell(i, Ready{});
        }
    }

    // RFC 9568 6.1 in the slowest case: of the slowest interval, by the slowest clock.
    Real settling_time() const {
        Duration interval{}, delay{};
        for (const Router& router : routers_) {
            interval = std::max(interval, router.parameters.interval);
            delay = std::max(delay, router.parameters.preempt_delay);
        }
        const Duration skew = std::max(interval, Duration(1s));
        const Duration master_down = 3 * interval + skew;
        return (delay + master_down + 2 * interval) * 102 / 100 + 300ms;
    }

    void run_until(Real end) {
        while (!happenings_.empty() && happenings_.top().at <= end) {
            const Happening happening = happenings_.top();
            happenings_.pop();
            now_ = happening.at;
            happen(happening);
            if (watching_) {
                CHECK(masters().size() == 1);
                CHECK(masters() == watched_);
            }
        }
        now_ = end;
    }

    void watch_for_stability() {
        watched_ = masters();
        watching_ = true;
    }

    std::vector<std::size_t> masters() const {
        std::vector<std::size_t> result;
        for (std::size_t i = 0; i < routers_.size(); ++i)
            if (routers_[i].machine.state == RouterState::master) result.push_back(i);
        return result;
    }

    const Parameters& parameters(std::size_t router) const { return routers_[router].parameters; }

    std::uint8_t best_priority() const {
        std::uint8_t best = 0;
        for (const Router& router : routers_)
            if (router.machine.state != RouterState::initialize)
                best = std::max(best, router.parameters.priority);
        return best;
    }

    Real now() const { return now_; }

  private:
    unsigned below(unsigned limit) { return random_() % limit; }

    Time clock(const Router& router) const {
        const double elapsed = static_cast<double>(now_.count()) * router.rate;
        return Time(router.offset + Duration(static_cast<Duration::rep>(elapsed)));
    }

    Real when(const Router& router, Time time) const {
        const auto local = static_cast<double>((time.time_since_epoch() - router.offset).count());
        return std::max(now_, Real(static_cast<Real::rep>(local / router.rate) + 1));
    }

    void interfere(std::size_t victim) {
        Router& router = routers_[victim];
        if (router.stalled) return wake(victim);
        switch (below(5)) {
            case 0:
                return tell(victim, NotReady{});
            case 1:
                return tell(victim, Ready{});
            case 2:
                router.stalled = true;
                return;
            case 3:
                router.island = !router.island;
                return;
            default:
                return;
        }
    }

    // Its timer and what is in its socket wait for it, and either may come first.
    void wake(std::size_t index) {
        Router& router = routers_[index];
        router.stalled = false;
        const bool timer_first = below(2) == 0;
        const auto unread = std::exchange(router.unread, {});
        if (timer_first) tell(index, TimerExpired{});
        for (const AdvertReceived& advert : unread) tell(index, advert);
        if (!timer_first) tell(index, TimerExpired{});
    }

    void happen(const Happening& happening) {
        Router& router = routers_[happening.router];
        if (router.stalled) {
            if (happening.advert) router.unread.push_back(*happening.advert);
        } else if (happening.advert) {
            tell(happening.router, *happening.advert);
        } else if (happening.timer == router.timer) {
            tell(happening.router, TimerExpired{});
        }
    }

    void tell(std::size_t index, const Event& event) {
        Router& router = routers_[index];
        if (router.stalled) return;
        const Machine before = router.machine;
        const Step result = step(before, router.parameters, event, clock(router));
        router.machine = result.machine;
        check_manners(router, before, result, event);
        if (result.advertise) broadcast(index, result.advertised_priority);
        ++router.timer;
        if (router.machine.state != RouterState::initialize)
            happenings_.push({when(router, router.machine.deadline), ++order_, index, std::nullopt,
                              router.timer});
    }

    void check_manners(Router& router, const Machine& before, const Step& result,
                       const Event& event) {
        if (result.acquire) CHECK_FALSE(std::exchange(router.holds_addresses, true));
        if (result.release) CHECK(std::exchange(router.holds_addresses, false));
        const bool is_master = router.machine.state == RouterState::master;
        CHECK(router.holds_addresses == is_master);
        if (result.advertise) CHECK((result.advertised_priority != 0) == is_master);
        if (result.announce) CHECK(is_master);
        // Who was silent for longer than any backup waits must not speak as master.
        const Duration late = clock(router) - before.deadline;
        if (before.state == RouterState::master && late > 3 * before.master_interval + 1s &&
            !std::holds_alternative<NotReady>(event))
            CHECK_FALSE(result.advertise);
    }

    void broadcast(std::size_t sender, std::uint8_t priority) {
        const Parameters& from = routers_[sender].parameters;
        for (std::size_t i = 0; i < routers_.size(); ++i) {
            if (i == sender || routers_[i].island != routers_[sender].island) continue;
            const unsigned copies = loss_percent_ != 0 && below(10) == 0 ? 2 : 1;
            for (unsigned copy = 0; copy < copies; ++copy) {
                if (below(100) < loss_percent_) continue;
                const auto delay = Real(1 + below(static_cast<unsigned>(longest_delay_.count())));
                happenings_.push({now_ + delay, ++order_, i,
                                  AdvertReceived{priority, from.source, from.interval}});
            }
        }
    }

    std::mt19937 random_;
    std::vector<Router> routers_;
    std::priority_queue<Happening> happenings_;
    std::uint64_t order_ = 0;
    Real now_{};
    unsigned loss_percent_ = 0;
    Real longest_delay_ = 1ms;
    bool watching_ = false;
    std::vector<std::size_t> watched_;
};

} // namespace

TEST_CASE("After any chaos one master remains, within the time the RFC allows, and stays") {
    for (unsigned seed = 1; seed <= 1000; ++seed) {
        CAPTURE(seed);
        Simulation simulation(seed);
        simulation.live_through_chaos(60s);
        simulation.calm_down();
        simulation.run_until(simulation.now() + simulation.settling_time());
        const auto masters = simulation.masters();
        REQUIRE(masters.size() == 1);
        const Parameters& master = simulation.parameters(masters.front());
        if (master.preempt) REQUIRE(master.priority == simulation.best_priority());
        simulation.watch_for_stability();
        simulation.run_until(simulation.now() + 60s);
    }
}
