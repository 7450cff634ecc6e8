// SPDX-License-Identifier: BSD-3-Clause
// Answers to a client in the name of a virtual service that cannot serve it.
#pragma once

#include <rte_mbuf.h>

#include "lb/dataplane/parse.h"

namespace lbd::dataplane {

// Turns `packet` into the answer to itself: a TCP RST (RFC 9293 3.10.7.1) or an ICMP port
// unreachable (RFC 792, as IPVS sends). False if it must not be answered, as a RST must not: the
// packet is unchanged then.
bool turn_into_rejection(rte_mbuf& packet, const Parsed& parsed);

} // namespace lbd::dataplane
