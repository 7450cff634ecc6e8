// SPDX-License-Identifier: BSD-3-Clause
// A first configuration, with comments, for one NIC and one service.
#pragma once

#include <string>

#include "tools/lbctl/init/answers.h"

namespace lbd::lbctl {

// The text of an lbd.yaml. Throws std::invalid_argument, naming the flag, for what is missing or is
// not what the flag takes.
std::string sample(const Answers& answers);

} // namespace lbd::lbctl
