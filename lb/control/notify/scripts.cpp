// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/notify/scripts.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "lb/control/log.h"

namespace lbd::control::notify {

void Scripts::tell(const Event& event, const std::vector<config::NotifyScript>& scripts) {
    const std::size_t dropped = backlog_.add(event, scripts);
    if (dropped != 0 && dropped_in_a_row_ == 0)
        log(LogLevel::warning,
            "more notifications wait than there is room for; the oldest are "
            "dropped");
    dropped_in_a_row_ += dropped;
    start_what_may();
}

void Scripts::start_what_may() {
    while (const auto job = backlog_.next()) start(*job);
    if (backlog_.waiting() == 0 && dropped_in_a_row_ != 0)
        log(LogLevel::warning,
            std::to_string(std::exchange(dropped_in_a_row_, 0)) + " notifications were dropped");
}

void Scripts::start(const Backlog::Job& job) {
    std::vector<std::string> words = job.script.script;
    for (std::string& argument : arguments(*job.event)) words.push_back(std::move(argument));
    const health::Program::Manner manner{job.script.timeout, job.script.user,
                                         environment(*job.event)};
    ++run_;
    auto& program = programs_[job.object] = std::make_unique<health::Program>(io_);
    program->run(words, manner,
                 [this, object = job.object, name = words.front()](const std::string& failure) {
                     // Later, as the Program that calls this ends there.
                     boost::asio::post(
                         io_, [this, alive = std::weak_ptr<int>(life_), object, name, failure] {
                             if (!alive.expired()) ended(object, name, failure);
                         });
                 });
}

void Scripts::ended(const std::string& object, const std::string& program,
                    const std::string& failure) {
    programs_.erase(object);
    backlog_.done(object);
    if (!failure.empty()) {
        ++failed_;
        last_error_ = program + ' ' + failure;
        log(LogLevel::warning, "notification: " + last_error_);
    }
    start_what_may();
}

} // namespace lbd::control::notify
