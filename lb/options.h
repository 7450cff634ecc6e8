// SPDX-License-Identifier: BSD-3-Clause
// lbd's command line.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>

#include "lb/control/log.h"

namespace lbd {

struct Options {
    enum class Action { run, check, help, version };
    Action action = Action::run;
    std::string config_file;
    bool explain = false; // of a check
    control::LogLevel log_level = control::LogLevel::info;
};

class UsageError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

// Throws UsageError with a sentence for the user.
Options parse_options(int argc, const char* const* argv);

std::string usage();

} // namespace lbd
