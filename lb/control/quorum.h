// SPDX-License-Identifier: BSD-3-Clause
// Whether a service has enough backends, and what follows if not. A pure function. Semantics of
// keepalived's quorum, hysteresis and sorry_server.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "config/config.h"

namespace lbd::control {

struct Standing {
    std::optional<bool> quorum; // nothing: not judged yet
    bool checks_ignored = false;
    bool operator==(const Standing&) const = default;
};

struct Candidate {
    std::uint32_t weight;
    bool up;        // by its health check
    bool available; // but for its health check
};

// Of the backends that are not for when the quorum is lost.
Standing judge_standing(const config::Service& service, const Standing& before,
                        const std::vector<Candidate>& candidates);

} // namespace lbd::control
