// SPDX-License-Identifier: BSD-3-Clause
// Lists the workers' flows for the control socket, without holding up a worker or the control
// thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/json/value.hpp>

#include "lb/control/roster.h"
#include "lb/dataplane/engine.h"

namespace lbd::control {

// At most `limit` of every worker's flows and persistence entries. `roster` names the backends.
boost::asio::awaitable<boost::json::value> list_connections(dataplane::Engine& engine,
                                                            const Roster& roster,
                                                            std::size_t limit);

} // namespace lbd::control
