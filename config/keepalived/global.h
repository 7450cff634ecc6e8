// SPDX-License-Identifier: BSD-3-Clause
// global_defs, static addresses and routes, SSL.
#pragma once

#include "config/keepalived/scene.h"

namespace lbd::config::keepalived {

// The keywords of the top level that are not of VRRP or LVS.
void add_global_keywords(Keywords& top, Scene& scene);

// What it needs of its own at the top level of the document.
void put_globals(Yaml& document, Scene& scene);

} // namespace lbd::config::keepalived
