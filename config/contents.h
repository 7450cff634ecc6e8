// SPDX-License-Identifier: BSD-3-Clause
// What is in a file.
#pragma once

#include <cstddef>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

namespace lbd::config {

struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

// All of it, or more than `most` bytes, so that an endless file ends here, too. Nothing, with
// `errno`, if it cannot be read.
std::optional<std::string> contents(std::FILE& file, std::size_t most);

} // namespace lbd::config
