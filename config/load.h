// SPDX-License-Identifier: BSD-3-Clause
// The way in: a file or its text becomes a Config, or a list of everything that is wrong with it.
// Blocks while the file is read: a pipe, for as long as its writer likes. Any input whatever gives
// one or the other.
#pragma once

#include <string>
#include <string_view>

#include "config/config.h"
#include "config/errors.h"

namespace lbd::config {

// What may be read: anything, or what does not wait for somebody else.
enum class Source { any, regular_file };

// Throws Errors, also if the file cannot be read.
Config load_file(const std::string& path, Source source = Source::any);

// The text of the file, as far as it may be one. Throws Errors.
std::string read_text(const std::string& path, Source source = Source::any);

// `filename` is only shown in errors. Throws Errors.
Config load_text(std::string_view text, const std::string& filename);

} // namespace lbd::config
