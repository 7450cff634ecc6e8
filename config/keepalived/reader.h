// SPDX-License-Identifier: BSD-3-Clause
// keepalived.conf and what it includes, as keepalived's parser sees it: without comments, with
// definitions, conditions and sequences applied.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/keepalived/report.h"

namespace lbd::config::keepalived {

struct Line {
    Origin origin;
    std::string text;
};

struct Reading {
    std::string config_id{}; // what lines that start with @ are compared with
    bool includes = true;    // whether included files are read, or reported
};

// `file` names the text and is what relative includes are relative to. Throws Malformed, also for
// what is larger than any configuration.
std::vector<Line> read_lines(std::string_view text, const std::string& file, const Reading& reading,
                             Report& report);

// Of a whole file. Throws std::runtime_error if it cannot be read, is no regular file (nor a pipe,
// if those are allowed) or is too large.
std::string read_file(const std::string& path, bool pipes);

} // namespace lbd::config::keepalived
