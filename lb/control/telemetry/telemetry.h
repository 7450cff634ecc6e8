// SPDX-License-Identifier: BSD-3-Clause
// lbd's commands in DPDK's telemetry, /lbd/..., for dpdk-telemetry.py and exporters. DPDK answers
// each client on a thread of its own. One object a process at a time.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>

#include "lb/control/telemetry/snapshots.h"

namespace lbd::control::telemetry {

class Telemetry {
  public:
    // Control thread, with DPDK's environment there. Throws std::runtime_error if DPDK does not
    // take the commands.
    Telemetry(boost::asio::io_context& io, Snapshots::Collect collect);
    Telemetry(const Telemetry&) = delete;
    Telemetry& operator=(const Telemetry&) = delete;
    // From then on the commands, which DPDK does not let go of, answer nothing.
    ~Telemetry();

  private:
    std::shared_ptr<Snapshots> snapshots_;
};

} // namespace lbd::control::telemetry
