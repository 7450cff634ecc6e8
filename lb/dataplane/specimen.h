// SPDX-License-Identifier: BSD-3-Clause
// A packet of a flow as it would come in, read as a worker reads what comes in: for who wants to
// know what would become of it. Sends nothing, and needs no buffers of a port.
#pragma once

#include "lb/dataplane/flow_key.h"
#include "lb/dataplane/own_macs.h"
#include "lb/dataplane/parse.h"

namespace lbd::dataplane {

// A whole packet of TCP or UDP, of ICMP or ICMPv6 an echo request (ports do not matter then), to a
// port whose addresses are `own` and of which `mac` is one.
Parsed parsed_specimen(const KeyV4& key, const rte_ether_addr& mac, const OwnMacs& own);
Parsed parsed_specimen(const KeyV6& key, const rte_ether_addr& mac, const OwnMacs& own);

} // namespace lbd::dataplane
