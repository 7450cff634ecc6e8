// SPDX-License-Identifier: BSD-3-Clause
// The state machine of a virtual router (RFC 9568 section 6.4) as a pure function of state, event
// and time, with keepalived's manners where it is stricter or kinder than the RFC.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>
#include <variant>

#include "vrrp/address.h"

namespace lbd::vrrp {

using Time = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

enum class RouterState : std::uint8_t { initialize, backup, master };

constexpr std::string_view name_of(RouterState state) {
    return state == RouterState::master   ? "MASTER"
           : state == RouterState::backup ? "BACKUP"
                                          : "INIT";
}

struct Parameters {
    unsigned version = 3;
    std::uint8_t priority = 100;
    Duration interval = std::chrono::seconds(1);
    bool preempt = true;
    Duration preempt_delay{};
    bool start_as_master = false; // with priority 255: master at once
    Address source{};             // own, decides between equals
    bool held = false;            // others of its group do not miss their masters (keepalived:
                                  // vrrp_sync_group): it may not be the first to take over
};

struct Machine {
    RouterState state = RouterState::initialize;
    Time deadline{};            // of the timer; not in `initialize`
    Duration master_interval{}; // the master's, which may be ourselves; v3: learned from it
    bool delaying = false;      // preempt_delay has begun
    Time preempt_at{};          // when it ends
    bool resigned = false;      // does not preempt until it has been master again
    bool lingering = false; // backup by its own will: holds the addresses until another has them
    bool wants = false;     // would be master if it were not held
};

struct Ready {};    // start-up, or the reason not to take part is gone
struct NotReady {}; // a fault, or shutdown: gives mastership away
struct Resign {};   // a master lets another take over, and goes on serving until then
struct TakeOver {}; // another of its group has become master
struct GiveUp {};   // another of its group has yielded to a better master
struct TimerExpired {};
struct AdvertReceived {
    std::uint8_t priority;
    Address source;
    Duration interval;
};
using Event = std::variant<Ready, NotReady, Resign, TakeOver, GiveUp, TimerExpired, AdvertReceived>;

struct Step {
    Machine machine;
    // To be carried out in this order.
    bool advertise = false;
    std::uint8_t advertised_priority = 0;
    bool acquire = false;  // put the virtual addresses on the interface
    bool announce = false; // gratuitous ARP for them
    bool release = false;
    std::string_view reason; // of a change of state; static text
};

Step step(const Machine& machine, const Parameters& parameters, const Event& event, Time now);

// RFC 9568 6.1; of a v2 router, RFC 3768 6.1.
Duration skew_time(const Machine& machine, const Parameters& parameters);
Duration master_down_interval(const Machine& machine, const Parameters& parameters);

} // namespace lbd::vrrp
