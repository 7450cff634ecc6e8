// SPDX-License-Identifier: BSD-3-Clause
// Which program is told of which event next. Bounded, whatever happens outside. No process, no
// clock.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lb/control/notify/event.h"

namespace lbd::control::notify {

class Backlog {
  public:
    struct Job {
        std::string object;
        std::shared_ptr<const Event> event;
        config::NotifyScript script;
    };
    struct Bounds {
        std::size_t at_once = 8; // and as many of VRRP instances, which wait for no backend's
        std::size_t waiting = 4096;
    };

    Backlog() : Backlog(Bounds{}) {}
    explicit Backlog(Bounds bounds) : bounds_(bounds) {}

    // All of `scripts` are to be told. What waits of the same object is superseded, but for VRRP
    // instances, of which every state is told. Beyond the bound the oldest are dropped, and VRRP's
    // last. How many were dropped.
    std::size_t add(const Event& event, const std::vector<config::NotifyScript>& scripts);
    // The oldest whose object is not being told of something, and of whose kind fewer than the
    // bound are under way. It is under way from then on.
    std::optional<Job> next();
    void done(const std::string& object) { under_way_.erase(object); }

    std::size_t waiting() const { return waiting_.size(); }
    std::size_t under_way() const { return under_way_.size(); }
    std::uint64_t superseded() const { return superseded_; }
    std::uint64_t dropped() const { return dropped_; }

  private:
    void drop_oldest();

    Bounds bounds_;
    std::deque<Job> waiting_;
    std::map<std::string, bool> under_way_; // objects, and whether it is a VRRP instance
    std::uint64_t superseded_ = 0;
    std::uint64_t dropped_ = 0;
};

} // namespace lbd::control::notify
