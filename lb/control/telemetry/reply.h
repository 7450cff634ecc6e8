// SPDX-License-Identifier: BSD-3-Clause
// What the commands of DPDK's telemetry answer, as values. DPDK has whole numbers, strings of 127
// characters and 16 KiB a reply: times are in milliseconds, what is true is 1, and a list says what
// it leaves out.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <span>
#include <string_view>

#include "lb/control/metrics/snapshot.h"

namespace lbd::control::telemetry {

// Nothing: the parameters, which whoever asks has chosen, name nothing that is there.
using Reply = std::optional<boost::json::object>;

struct Command {
    const char* name;
    const char* help;
    Reply (*reply)(const metrics::Snapshot& snapshot, std::string_view parameters);
};

std::span<const Command> commands();

} // namespace lbd::control::telemetry
