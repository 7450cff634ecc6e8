// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/departure.h"

#include <utility>

namespace lbd::control {

Departure::Departure(boost::asio::io_context& io, VirtualRouters& routers, const Roster& roster,
                     notify::Notifier& notifier)
    : routers_(routers), roster_(roster), notifier_(notifier), succession_(io) {}

void Departure::begin(std::function<void()> done) {
    constexpr std::chrono::milliseconds for_announcements{50};
    done_ = std::move(done);
    routers_.leave();
    await_successors(Clock::now() + routers_.longest_wait() + for_announcements);
}

void Departure::await_successors(Clock::time_point deadline) {
    if (!routers_.lingers() || Clock::now() >= deadline) return take_leave();
    succession_.expires_after(std::chrono::milliseconds(2));
    succession_.async_wait([this, deadline](const boost::system::error_code& error) {
        if (!error) await_successors(deadline);
    });
}

// The virtual addresses are somebody else's by now: what is told may take its time, but for so
// long.
void Departure::take_leave() {
    constexpr std::chrono::seconds longest{5};
    routers_.stop();
    for (const ServiceRecord& service : roster_.services()) {
        if (!service.configured || !service.config.omega) continue;
        for (const dataplane::BackendSlot slot : service.backends)
            if (const BackendRecord& backend = roster_.backends()[slot]; backend.is_up())
                notifier_.leave_backend(service.config, backend.config);
        if (service.standing.quorum == true) notifier_.leave_quorum(service.config);
    }
    notifier_.finish(longest, done_);
}

} // namespace lbd::control
