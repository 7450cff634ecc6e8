// SPDX-License-Identifier: BSD-3-Clause
// What `ipvsadm -S -n` prints, as the blocks that keepalived.conf would have for it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/keepalived/block.h"

namespace lbd::config::keepalived {

// Its first character that is not blank is the - of -A.
bool is_ipvsadm(std::string_view text);

// Throws Malformed. Reports what is no -A or -a.
std::vector<Block> ipvsadm_blocks(std::string_view text, const std::string& file, Report& report);

} // namespace lbd::config::keepalived
