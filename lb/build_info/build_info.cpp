// SPDX-License-Identifier: BSD-3-Clause
#include "lb/build_info/build_info.h"

namespace lbd {

std::string version_text(std::string_view program) {
    const BuildInfo& info = build_info();
    std::string text(program);
    text.append(" ").append(info.version);
    text.append(" (commit ").append(info.commit);
    text.append(", DPDK ").append(info.dpdk);
    text.append(", ").append(info.compiler);
    text.append(", ").append(info.build_type).append(")");
    return text;
}

} // namespace lbd
