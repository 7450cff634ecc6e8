// SPDX-License-Identifier: BSD-3-Clause
// Says in the log that a port has no packet buffers left, which not every device counts.
#pragma once

#include <string>
#include <vector>

namespace lbd::control {

class BufferWatch {
  public:
    // Once a second, with what the ports are called and whether each has none left, always in the
    // same order: the lines to log.
    struct Port {
        std::string name;
        bool out_of_buffers;
    };
    std::vector<std::string> look(const std::vector<Port>& ports);

  private:
    std::vector<unsigned> seconds_; // without, by port
};

} // namespace lbd::control
