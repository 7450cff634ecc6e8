// SPDX-License-Identifier: BSD-3-Clause
// Whether a file is root's alone. What root runs or is configured by must not be another's.
#pragma once

#include <string>

namespace lbd::health {

// Who besides root and us could have the path mean something else: by writing the file, or a
// directory or symbolic link on the way to it. "/srv/x can be written by others than root"; why it
// cannot be looked at; empty: nobody. Files in a directory with the sticky bit, as /tmp is, are
// their owners'.
std::string distrust(const std::string& path);

} // namespace lbd::health
