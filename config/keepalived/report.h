// SPDX-License-Identifier: BSD-3-Clause
// What becomes of the lines that have no equivalent: each is told of with its place.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace lbd::config::keepalived {

struct Origin {
    std::string file;
    int line = 0; // counted from 1

    std::string text() const; // "keepalived.conf:17"
    bool operator==(const Origin&) const = default;
};

// The file as a whole makes no sense. what() names file and line.
class Malformed : public std::runtime_error {
  public:
    Malformed(const Origin& origin, std::string_view message);
};

// As it can be shown in a line of a terminal or in a comment: control characters escaped, cut.
std::string printable(std::string_view text);

class Report {
  public:
    struct Entry {
        Origin origin;
        int last_line = 0; // of the block that it is about
        std::string text;  // "virtual_routes: not carried over: reason"
        bool lost = false; // something is missing or different in the result
    };

    // The result lacks this, or behaves differently: the operator has to look at it.
    void lost(const Origin& origin, int last_line, std::string_view keyword,
              std::string_view reason);
    // Is carried over, but not as it was.
    void changed(const Origin& origin, int last_line, std::string_view keyword,
                 std::string_view reason);
    // Has no key of its own, as lbd behaves so anyway.
    void noted(const Origin& origin, int last_line, std::string_view keyword,
               std::string_view reason);

    const std::vector<Entry>& entries() const { return entries_; }

  private:
    std::vector<Entry> entries_;
};

} // namespace lbd::config::keepalived
