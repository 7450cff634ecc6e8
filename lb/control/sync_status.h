// SPDX-License-Identifier: BSD-3-Clause
// What `lbctl sync` is told.
#pragma once

#include <boost/json/object.hpp>

#include "lb/control/sync/synchronizer.h"

namespace lbd::control {

// Null: state is not synchronised.
boost::json::object sync_status(const sync::Synchronizer* synchronizer);

} // namespace lbd::control
