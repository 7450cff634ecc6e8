// SPDX-License-Identifier: BSD-3-Clause
// Commands that need no running lbd, with options of their own.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lbd::lbctl {

struct OfflineCommand {
    std::string_view name;
    int (*run)(const std::vector<std::string>& arguments); // the exit status
    std::string_view help;
};

std::span<const OfflineCommand> offline_commands();

// The exit status if `arguments` (without the program's name) are one of these commands; --json may
// stand before it. Throws boost::program_options::error and std::invalid_argument for wrong usage,
// config::Errors for a faulty file, std::runtime_error for what cannot be written.
std::optional<int> run_offline(const std::vector<std::string>& arguments);

} // namespace lbd::lbctl
