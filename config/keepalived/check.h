// SPDX-License-Identifier: BSD-3-Clause
// TCP_CHECK, HTTP_GET and the other checkers of a real server.
#pragma once

#include <optional>
#include <string>

#include "config/keepalived/scene.h"

namespace lbd::config::keepalived {

// What a virtual server gives to its real servers, and these to their checkers.
struct CheckDefaults {
    std::optional<Milliseconds> delay_loop;
    std::optional<Milliseconds> connect_timeout;
    std::optional<Milliseconds> delay_before_retry;
    std::optional<Milliseconds> warmup;
    std::optional<std::uint64_t> retry;
    bool alpha = false;
    std::string virtualhost;
};

// delay_loop, retry and so on, at each of the three places.
void add_timing_keywords(Keywords& keywords, CheckDefaults& values, Scene& scene);

// Takes each checker as an item of `checks`: the keys of `health`, and keepalived's defaults where
// lbd has others. All must outlive the keywords, and `defaults` is complete only after everything
// else was read: so blocks are remembered and read by read_check().
bool is_checker(const std::string& keyword);
std::optional<Yaml> read_check(const Block& block, const CheckDefaults& defaults, Scene& scene);

} // namespace lbd::config::keepalived
