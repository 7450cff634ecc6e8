// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/telemetry/snapshots.h"

#include <boost/asio/post.hpp>
#include <utility>

namespace lbd::control::telemetry {

Snapshots::Snapshots(boost::asio::io_context& io, Collect collect)
    : io_(io), collect_(std::move(collect)) {}

bool Snapshots::is_fresh() const {
    constexpr std::chrono::seconds longest{1};
    return latest_ && Clock::now() - made_ < longest;
}

Snapshots::Shared Snapshots::get(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    if (closed_) return nullptr;
    if (is_fresh()) return latest_;
    // With the lock, so that close() is not passed meanwhile and the event loop is there.
    if (!std::exchange(making_, true))
        boost::asio::post(io_, [self = shared_from_this()] { self->make(); });
    const bool in_time =
        changed_.wait_for(lock, patience, [this] { return closed_ || !making_ || is_fresh(); });
    return in_time && !closed_ ? latest_ : nullptr;
}

void Snapshots::make() {
    if (closed_) return; // only this thread writes it
    auto made = std::make_shared<const metrics::Snapshot>(collect_());
    {
        const std::lock_guard lock(mutex_);
        latest_.swap(made);
        made_ = Clock::now();
        making_ = false;
    }
    changed_.notify_all();
}

void Snapshots::close() {
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
    }
    changed_.notify_all();
}

} // namespace lbd::control::telemetry
