// SPDX-License-Identifier: BSD-3-Clause
// lbctl import: a configuration for lbd out of keepalived.conf or of what ipvsadm -S -n prints.
// Needs no running lbd.
#pragma once

#include <string>
#include <vector>

namespace lbd::lbctl {

// Prints the YAML, and on standard error what it lacks. Returns the exit status: 0 if everything
// was carried over, 1 if something was reported, 2 if the file or the command line makes no sense.
int import_command(const std::vector<std::string>& arguments);

} // namespace lbd::lbctl
