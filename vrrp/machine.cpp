// SPDX-License-Identifier: BSD-3-Clause
#include "vrrp/machine.h"

#include <utility>

namespace lbd::vrrp {

namespace {

constexpr std::uint8_t owner_priority = 255;
constexpr std::string_view late_timer = "own timer was late";

Step to_backup(Step result, const Parameters& parameters, Time now, std::string_view reason) {
    result.release = result.machine.state == RouterState::master || result.machine.lingering;
    result.machine.lingering = false;
    result.machine.state = RouterState::backup;
    result.machine.delaying = result.machine.wants = false;
    result.machine.deadline = now + master_down_interval(result.machine, parameters);
    result.reason = reason;
    return result;
}

// Whether this master has been silent for so long that a backup has taken its place meanwhile.
bool silent_too_long(const Machine& machine, const Parameters& parameters, Time now) {
    const Time last_advert = machine.deadline - machine.master_interval;
    return now - last_advert > 3 * machine.master_interval + skew_time(machine, parameters);
}

Step advertise(Step result, const Parameters& parameters) {
    result.advertise = true;
    result.advertised_priority = parameters.priority;
    result.machine.master_interval = parameters.interval; // what the others count on from now on
    return result;
}

// The advert goes first: an old master that hears it has let go of the addresses before the
// gratuitous ARP says where they are now (keepalived does the same).
Step to_master(Step result, const Parameters& parameters, Time now, std::string_view reason) {
    result.machine.state = RouterState::master;
    result.machine.delaying = result.machine.wants = false;
    result.machine.resigned = result.machine.lingering = false;
    result.machine.deadline = now + parameters.interval;
    result.acquire = result.announce = true;
    result.reason = reason;
    return advertise(result, parameters);
}

Step on(const Ready&, Step result, const Parameters& parameters, Time now) {
    if (result.machine.state != RouterState::initialize) return result;
    result.machine.master_interval = parameters.interval;
    if (parameters.priority == owner_priority && parameters.start_as_master && !parameters.held)
        return to_master(result, parameters, now, "owner of the addresses");
    return to_backup(result, parameters, now, "ready");
}

Step on(const NotReady&, Step result, const Parameters&, Time) {
    if (result.machine.state == RouterState::initialize) return result;
    if (result.machine.state == RouterState::master) {
        // RFC 9568 6.4.3: priority 0 lets the backup take over at once.
        result.advertise = result.release = true;
        result.advertised_priority = 0;
    }
    result.release |= result.machine.lingering;
    result.machine = {};
    result.reason = "not ready";
    return result;
}

// Priority 0 as at a shutdown, but the addresses stay until the next master is heard: nobody asks
// for them in vain meanwhile.
Step on(const Resign&, Step result, const Parameters& parameters, Time now) {
    if (result.machine.state != RouterState::master) return result;
    result = to_backup(result, parameters, now, "resigned");
    result.release = false;
    result.machine.lingering = result.machine.resigned = true;
    result.advertise = true;
    result.advertised_priority = 0;
    return result;
}

Step on(const TakeOver&, Step result, const Parameters& parameters, Time now) {
    if (result.machine.state != RouterState::backup) return result;
    return to_master(result, parameters, now, "its group takes over");
}

Step on(const GiveUp&, Step result, const Parameters& parameters, Time now) {
    if (result.machine.state != RouterState::master) return result;
    result = to_backup(result, parameters, now, "its group gives up");
    result.advertise = true;
    result.advertised_priority = 0;
    return result;
}

Step on(const TimerExpired&, Step result, const Parameters& parameters, Time now) {
    Machine& machine = result.machine;
    if (machine.state == RouterState::initialize || now < machine.deadline) return result;
    if (machine.state == RouterState::backup) {
        // Whoever slept so long has adverts waiting in its socket: listen before speaking.
        if (now - machine.deadline > master_down_interval(machine, parameters)) {
            machine.deadline = now + master_down_interval(machine, parameters);
            return result;
        }
        if (parameters.held) {
            machine.wants = true;
            machine.deadline = now + master_down_interval(machine, parameters);
            return result;
        }
        return to_master(result, parameters, now, "no advertisement from a better master");
    }
    if (silent_too_long(machine, parameters, now))
        return to_backup(result, parameters, now, late_timer);
    machine.deadline += parameters.interval;
    if (machine.deadline <= now) machine.deadline = now + parameters.interval;
    return advertise(result, parameters);
}

Step heard_as_backup(const AdvertReceived& advert, Step result, const Parameters& parameters,
                     Time now) {
    Machine& machine = result.machine;
    if (advert.priority == 0) {
        machine.deadline = now + skew_time(machine, parameters);
        return result;
    }
    result.release |= std::exchange(machine.lingering, false);
    // RFC 9568 6.1: the owner of the addresses preempts whatever the flag says.
    const bool preempts =
        !machine.resigned && (parameters.preempt || parameters.priority == owner_priority);
    if (!preempts || advert.priority >= parameters.priority) {
        machine.delaying = false;
    } else {
        if (parameters.preempt_delay == Duration{}) return result;
        if (!machine.delaying) {
            machine.delaying = true;
            machine.preempt_at = now + parameters.preempt_delay;
        }
        if (now >= machine.preempt_at) return result;
    }
    if (parameters.version == 3) machine.master_interval = advert.interval;
    machine.wants = false;
    machine.deadline = now + master_down_interval(machine, parameters);
    return result;
}

Step heard_as_master(const AdvertReceived& advert, Step result, const Parameters& parameters,
                     Time now) {
    // Its adverts may be read before its timer: it must not answer as the master it was.
    if (silent_too_long(result.machine, parameters, now))
        return heard_as_backup(advert, to_backup(result, parameters, now, late_timer), parameters,
                               now);
    const bool better =
        advert.priority > parameters.priority ||
        (advert.priority == parameters.priority && advert.source > parameters.source);
    if (advert.priority != 0 && better) {
        if (parameters.version == 3) result.machine.master_interval = advert.interval;
        return to_backup(result, parameters, now, "a better master advertises");
    }
    // Whoever believed the lesser master is told again where the addresses are.
    result.announce = advert.priority != 0;
    result.machine.deadline = now + parameters.interval;
    return advertise(result, parameters);
}

Step on(const AdvertReceived& advert, Step result, const Parameters& parameters, Time now) {
    if (result.machine.state == RouterState::backup)
        return heard_as_backup(advert, result, parameters, now);
    if (result.machine.state == RouterState::master)
        return heard_as_master(advert, result, parameters, now);
    return result;
}

} // namespace

Duration skew_time(const Machine& machine, const Parameters& parameters) {
    const Duration base =
        parameters.version == 2 ? Duration(std::chrono::seconds(1)) : machine.master_interval;
    return base * (256 - parameters.priority) / 256;
}

Duration master_down_interval(const Machine& machine, const Parameters& parameters) {
    const Duration interval =
        parameters.version == 2 ? parameters.interval : machine.master_interval;
    return 3 * interval + skew_time(machine, parameters);
}

Step step(const Machine& machine, const Parameters& parameters, const Event& event, Time now) {
    Step result;
    result.machine = machine;
    return std::visit([&](const auto& what) { return on(what, result, parameters, now); }, event);
}

} // namespace lbd::vrrp
