// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <string>

namespace lbd::lbctl {

// The socket of the lbd on this host, whose name is part of it: $LBD_SOCKET, else lbd.sock in
// `directory`, else the only other one there on which somebody listens. Throws Unreachable if there
// are several.
std::string default_socket(const std::filesystem::path& directory = "/run/lbd");

} // namespace lbd::lbctl
