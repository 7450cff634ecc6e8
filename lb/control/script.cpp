// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/script.h"

#include <utility>

namespace lbd::control {

Script::Script(boost::asio::io_context& io, const config::VrrpTrack& track,
               std::function<void()> changed)
    : track_(track),
      changed_(std::move(changed)),
      next_(io),
      program_(io),
      failure_("has not run yet") {
    // Not from here: whom it tells is not ready for it.
    run_after(std::chrono::milliseconds(0));
}

void Script::run_after(std::chrono::milliseconds delay) {
    next_.expires_after(delay);
    next_.async_wait([this](const boost::system::error_code& aborted) {
        if (!aborted) run();
    });
}

void Script::run() {
    run_after(track_.interval);
    if (program_.runs()) return; // its timeout may be longer than the interval
    program_.run(track_.script, {track_.timeout},
                 [this](const std::string& failure) { conclude(failure); });
}

void Script::conclude(const std::string& failure) {
    const bool well = failure.empty();
    successes_ = well ? successes_ + 1 : 0;
    failures_ = well ? 0 : failures_ + 1;
    // The first result counts at once, as nothing is known before.
    const bool counts = !std::exchange(concluded_, true) ||
                        (well ? successes_ >= track_.rise : failures_ >= track_.fall);
    if (counts && std::exchange(failure_, failure) != failure) changed_();
}

} // namespace lbd::control
