// SPDX-License-Identifier: BSD-3-Clause
// The host as its files show it, and what no file says.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/address.h"
#include "lb/host/files.h"

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

class Host : public host::Files {
  public:
    // `root` is "/" or a directory with the same files below it.
    Host(std::filesystem::path root, Facts facts)
        : Files(std::move(root)), facts_(std::move(facts)) {}

    const Facts& facts() const { return facts_; }

  private:
    Facts facts_;
};

} // namespace lbd::lbctl
