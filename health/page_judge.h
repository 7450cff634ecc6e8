// SPDX-License-Identifier: BSD-3-Clause
// Whether a web server's answer is what was wanted.
#pragma once

#include <string>
#include <string_view>

#include "health/probe.h"

namespace lbd::health {

// No more of a body is looked at: an answer may be hostile.
constexpr std::size_t most_of_body = 1 << 20;

// Why not, or empty.
std::string page_fault(const Page& page, unsigned status, std::string_view body);

// Whether the body decides, or the status alone does.
inline bool needs_body(const Page& page) {
    return !page.match.empty() || !page.digest.empty();
}

} // namespace lbd::health
