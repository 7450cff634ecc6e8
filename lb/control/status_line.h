// SPDX-License-Identifier: BSD-3-Clause
// How a director fares in one line, for `systemctl status`.
#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "lb/control/roster.h"

namespace lbd::control {

// "MASTER of VI_1; 3 of 4 backends up". `vrrp` is what VirtualRouters::status() says.
std::string status_line(const boost::json::object& vrrp, const Roster& roster);

} // namespace lbd::control
