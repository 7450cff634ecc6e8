// SPDX-License-Identifier: BSD-3-Clause
// What is told of a traced packet, in the words of the configuration.
#pragma once

#include <boost/json/object.hpp>
#include <cstddef>

#include "lb/control/roster.h"
#include "lb/dataplane/trace_record.h"

namespace lbd::control {

// `worker` has told of it; `roster` names services and backends. Without the time.
boost::json::object trace_line(const dataplane::TraceRecord& record, std::size_t worker,
                               const Roster& roster);

} // namespace lbd::control
