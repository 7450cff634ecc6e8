// SPDX-License-Identifier: BSD-3-Clause
// The host as its files under /sys, /proc and /dev show it. Reads only, runs nothing; what cannot
// be read is as if it were not there. Each call reads anew and blocks as long as a file does.
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lbd::host {

class Files {
  public:
    // `root` is "/" or a directory with the same files below it.
    explicit Files(std::filesystem::path root) : root_(std::move(root)) {}

    bool exists(std::string_view path) const;
    std::optional<std::string> text(std::string_view path) const; // without white space at its end
    std::optional<long long> number(std::string_view path) const; // decimal or 0x...
    std::set<unsigned> cores(std::string_view path) const;        // of a list such as 0-3,8
    std::string link_name(std::string_view path) const;           // last part of where it points
    std::vector<std::string> names(std::string_view directory) const; // sorted

  private:
    std::filesystem::path at(std::string_view path) const;

    std::filesystem::path root_;
};

} // namespace lbd::host
