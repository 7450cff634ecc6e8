// SPDX-License-Identifier: BSD-3-Clause
// The lines of a vrrp_instance and of a vrrp_sync_group.
#pragma once

#include "config/keepalived/vrrp.h"

namespace lbd::config::keepalived {

// vrrp_script and vrrp_track_process must be in `known` already: keepalived.conf may have them
// anywhere.
void read_vrrp_instance(const Block& block, Instance& instance, const Trackables& known,
                        Scene& scene);
void read_vrrp_group(const Block& block, Group& group, const Trackables& known, Scene& scene);

} // namespace lbd::config::keepalived
