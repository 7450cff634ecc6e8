// SPDX-License-Identifier: BSD-3-Clause
// The packet sockets that DPDK's af_packet driver has opened in this process.
#pragma once

#include <string>

namespace lbd::control {

// Gives those of `interface` more memory for what is being sent than their rings have room for.
// The driver waits without end for a full ring as long as the socket's memory is used up, and the
// worker with it; otherwise it says at once that there is no room. How many sockets there are.
// With CAP_NET_ADMIN, before workers use them.
unsigned widen_packet_sockets(const std::string& interface);

} // namespace lbd::control
