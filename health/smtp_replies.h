// SPDX-License-Identifier: BSD-3-Clause
// A mail server's replies, out of the bytes that arrive (RFC 5321 4.2). No socket.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lbd::health {

class SmtpReplies {
  public:
    void clear() { received_.clear(); }
    void add(std::string_view bytes) { received_ += bytes; }

    // The last line of the next complete reply, without its end; nothing if more is to come.
    std::optional<std::string> next();
    // What has come is longer than any line. Asked when next() has nothing.
    bool endless() const { return received_.size() > longest_line; }

  private:
    static constexpr std::size_t longest_line = 4096;

    std::string received_; // of a line that is not complete yet
};

} // namespace lbd::health
