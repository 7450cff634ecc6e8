// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/buffer_watch.h"

#include <utility>

namespace lbd::control {

namespace {

constexpr unsigned seconds_to_warn = 2; // a burst may take them all for a moment

} // namespace

std::vector<std::string> BufferWatch::look(const std::vector<Port>& ports) {
    std::vector<std::string> lines;
    seconds_.resize(ports.size());
    for (std::size_t index = 0; index < ports.size(); ++index) {
        const auto& [name, out] = ports[index];
        unsigned& seconds = seconds_[index];
        if (out && ++seconds == seconds_to_warn)
            lines.push_back(name +
                            ": no packet buffer is left, and what comes in is lost "
                            "(memory.packet_buffers)");
        if (!out && std::exchange(seconds, 0) >= seconds_to_warn)
            lines.push_back(name + ": there are packet buffers again");
    }
    return lines;
}

} // namespace lbd::control
