// SPDX-License-Identifier: BSD-3-Clause
// $NAME=value and what is put for $NAME and ${NAME}.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lbd::config::keepalived {

class Definitions {
  public:
    using Lines = std::vector<std::string>; // more than one: a definition of several lines

    void set(const std::string& name, Lines value) { values_[name] = std::move(value); }

    // The name that the line defines, and what is behind the equals sign; nothing if it is no
    // definition.
    struct Start {
        std::string name;
        std::string value;
    };
    static std::optional<Start> start_of(std::string_view line);

    // The line with the first name in it replaced, as several lines if its value has several.
    // Nothing if there is nothing to replace: what is not defined stays as it is.
    std::optional<Lines> expanded(std::string_view line) const;

  private:
    std::map<std::string, Lines, std::less<>> values_;
};

} // namespace lbd::config::keepalived
