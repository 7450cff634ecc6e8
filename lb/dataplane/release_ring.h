// SPDX-License-Identifier: BSD-3-Clause
// Carries releases of bindings from one worker to the worker that owns them.
#pragma once

#include "lb/dataplane/releases.h"
#include "lb/dataplane/value_ring.h"

namespace lbd::dataplane {

using ReleaseRing = ValueRing<Release>;

} // namespace lbd::dataplane
