// SPDX-License-Identifier: BSD-3-Clause
// Describes the source and the tools that lbd and lbctl were built from. Any thread may call it.
#pragma once

#include <string>
#include <string_view>

namespace lbd {

struct BuildInfo {
    std::string_view version;
    // Twelve digits of the git commit, with "-dirty" after them if files had been changed since;
    // "unknown" in a source tree that has neither git's directory nor an exported commit.
    std::string_view commit;
    std::string_view dpdk; // the version that lbd was compiled against
    std::string_view compiler;
    std::string_view build_type; // Meson's, the optimization, and sanitizers if there are any
};

const BuildInfo& build_info();

// One line without its end:
// "lbd 1.2.3 (commit 0123456789ab, DPDK 22.11.7, gcc 12.2.0, release, -O3)".
std::string version_text(std::string_view program);

} // namespace lbd
