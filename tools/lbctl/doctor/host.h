// SPDX-License-Identifier: BSD-3-Clause
// The host as its files under /sys, /proc and /dev show it. Reads only, runs nothing; what cannot
// be read is as if it were not there. Each call reads anew and blocks as long as a file does.
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/address.h"

namespace lbd::lbctl {

struct InterfaceAddress {
    std::string interface;
    config::Prefix prefix; // the address with its network's length
};

// What no file says.
struct Facts {
    std::optional<bool> clock_synchronized; // adjtimex(2); none: unknown
    std::vector<InterfaceAddress> addresses;
};

Facts gather_facts();

class Host {
  public:
    // `root` is "/" or a directory with the same files below it.
    Host(std::filesystem::path root, Facts facts)
        : root_(std::move(root)), facts_(std::move(facts)) {}

    const Facts& facts() const { return facts_; }
    bool exists(std::string_view path) const;
    std::optional<std::string> text(std::string_view path) const; // without white space at its end
    std::optional<long long> number(std::string_view path) const; // decimal or 0x...
    std::set<unsigned> cores(std::string_view path) const;        // of a list such as 0-3,8
    std::string link_name(std::string_view path) const;           // last part of where it points
    std::vector<std::string> names(std::string_view directory) const; // sorted

  private:
    std::filesystem::path at(std::string_view path) const;

    std::filesystem::path root_;
    Facts facts_;
};

} // namespace lbd::lbctl
