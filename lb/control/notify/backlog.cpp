// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/notify/backlog.h"

#include <algorithm>
#include <utility>

namespace lbd::control::notify {

namespace {

bool is_of_router(const Backlog::Job& job) {
    return config::subject_of(job.event->occasion) == config::Subject::vrrp;
}

} // namespace

std::size_t Backlog::add(const Event& event, const std::vector<config::NotifyScript>& scripts) {
    const std::string object = object_of(event);
    if (config::subject_of(event.occasion) != config::Subject::vrrp)
        superseded_ +=
            std::erase_if(waiting_, [&](const Job& job) { return job.object == object; });
    const auto shared = std::make_shared<const Event>(event);
    for (const config::NotifyScript& script : scripts) waiting_.push_back({object, shared, script});
    std::size_t dropped = 0;
    for (; waiting_.size() > bounds_.waiting; ++dropped) drop_oldest();
    dropped_ += dropped;
    return dropped;
}

void Backlog::drop_oldest() {
    const auto oldest = std::find_if_not(waiting_.begin(), waiting_.end(), is_of_router);
    waiting_.erase(oldest == waiting_.end() ? waiting_.begin() : oldest);
}

std::optional<Backlog::Job> Backlog::next() {
    const auto routers = static_cast<std::size_t>(std::count_if(
        under_way_.begin(), under_way_.end(), [](const auto& known) { return known.second; }));
    const auto has_room = [&](const Job& job) {
        return (is_of_router(job) ? routers : under_way_.size() - routers) < bounds_.at_once;
    };
    const auto found = std::find_if(waiting_.begin(), waiting_.end(), [&](const Job& job) {
        return has_room(job) && !under_way_.contains(job.object);
    });
    if (found == waiting_.end()) return std::nullopt;
    Job job = std::move(*found);
    waiting_.erase(found);
    under_way_.emplace(job.object, is_of_router(job));
    return job;
}

} // namespace lbd::control::notify
