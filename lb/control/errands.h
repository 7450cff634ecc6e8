// SPDX-License-Identifier: BSD-3-Clause
// Has a worker do what only it can, without holding up the worker or the control thread.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "lb/dataplane/errand.h"
#include "lb/dataplane/worker.h"

namespace lbd::control {

// Until it is done: the worker writes to the errand, so it is waited for in any case. A worker
// takes one errand at a time.
boost::asio::awaitable<void> run_errand(dataplane::Worker& worker, dataplane::Errand& errand);

} // namespace lbd::control
