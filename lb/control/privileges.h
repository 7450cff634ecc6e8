// SPDX-License-Identifier: BSD-3-Clause
// What lbd may do as root, and no more: capabilities(7). lbd-security(7) says why each is needed.
#pragma once

#include <string>
#include <vector>

namespace lbd::control {

// Neither a crash nor another process of the user shows our memory, which has passwords and keys
// in it. Scripts are not concerned.
void hide_memory();
// Undoes it.
void allow_core_dumps();

// What is needed after the start, and is looked at once, at the end of it.
struct NeededLater {
    std::vector<std::string> by_scripts; // that are root's: "dac_override"
    bool af_xdp = false;
};

// Gives up all that is not needed later: of this thread, which is left with what it needs for
// addresses, sockets and scripts, and of every other thread, which is left with nothing. Programs
// that are run from here on cannot have more than this thread keeps. To be called once all threads
// of the start are there, by the one that runs the event loop. Returns what did not succeed.
std::vector<std::string> drop_privileges(const NeededLater& needed);

// Before devices are closed: takes back into effect what only that needs.
void prepare_to_close_devices();

} // namespace lbd::control
