// SPDX-License-Identifier: BSD-3-Clause
// A VRRP instance as lbctl shows it.
#pragma once

#include <boost/json/object.hpp>

#include "config/config.h"
#include "lb/control/tracking.h"
#include "vrrp/instance.h"

namespace lbd::control {

boost::json::object instance_status(const config::VrrpInstance& configured,
                                    const vrrp::Instance& instance, const Judgement& judgement);

} // namespace lbd::control
