// SPDX-License-Identifier: BSD-3-Clause
// lbctl top: services, backends, workers and VRRP of a running lbd, live on the whole screen.
#pragma once

#include <chrono>
#include <string>

namespace lbd::lbctl::top {

// Until the user or a signal ends it, whether lbd goes on answering or not; asks every `interval`.
// Throws Unreachable if lbd does not answer to begin with, std::runtime_error if the terminal
// cannot be drawn on.
void run(const std::string& socket, std::chrono::duration<double> interval);

} // namespace lbd::lbctl::top
