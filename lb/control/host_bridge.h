// SPDX-License-Identifier: BSD-3-Clause
// Carries frames between the workers' rings and the companion interfaces in the kernel, on a thread
// of its own: a flood of punted frames may fill a ring, and keeps neither a worker nor VRRP
// waiting.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "lb/control/host_frames.h"
#include "lb/control/tap.h"
#include "lb/dataplane/engine.h"
#include "lb/dataplane/idle_sleep.h"

namespace lbd::control {

class HostBridge {
  public:
    // taps[i] is the companion of the engine's interface i. Both outlive the bridge.
    HostBridge(dataplane::Engine& engine, std::vector<Tap*> taps);
    HostBridge(const HostBridge&) = delete;
    HostBridge& operator=(const HostBridge&) = delete;
    ~HostBridge();

    // Any thread: what is done with frames from now on, of each interface.
    void set_frames(std::vector<HostFrames> of_interfaces);

    // Any thread: what the host has sent until the bridge's thread goes on is not carried.
    void discard_from_host() { discarding_ = true; }

    // Any thread: frames from the host for which there was no buffer or no room in the ring, or
    // that were discarded.
    std::uint64_t dropped_from_host() const { return dropped_; }
    // Frames that the kernel did not take.
    std::uint64_t dropped_to_host() const { return refused_; }
    // Grows as long as frames are carried.
    std::uint64_t rounds() const { return rounds_; }
    // Frames for virtual addresses that the host is not to accept.
    std::uint64_t not_accepted() const { return not_accepted_; }

  private:
    void run();
    bool carry_to_host(std::size_t interface);
    bool carry_from_host(std::size_t interface);
    void discard_waiting();
    void write(std::size_t interface, rte_mbuf& packet);
    void wait(bool busy);

    dataplane::Engine& engine_;
    std::vector<Tap*> taps_;
    std::vector<unsigned char> scratch_; // for frames of several segments
    std::atomic<std::uint64_t> dropped_{0};
    std::atomic<std::uint64_t> refused_{0};
    std::atomic<std::uint64_t> not_accepted_{0};
    std::atomic<std::uint64_t> rounds_{0};
    std::atomic<std::shared_ptr<const std::vector<HostFrames>>> frames_;
    std::shared_ptr<const std::vector<HostFrames>> rules_; // of this round
    std::atomic<bool> stopping_{false};
    std::atomic<bool> discarding_{false};
    dataplane::IdleSleep idle_sleep_;
    std::thread thread_;
};

} // namespace lbd::control
