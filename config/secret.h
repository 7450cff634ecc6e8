// SPDX-License-Identifier: BSD-3-Clause
// A text that is for the peers alone: a password or a key. It goes into no stream, string or JSON
// value by itself, only by the word reveal(). Copies share one memory, which is wiped with the
// last of them.
#pragma once

#include <memory>
#include <ostream>
#include <string_view>

namespace lbd::config {

class Secret {
  public:
    explicit Secret(std::string_view text);

    // Valid for as long as any copy.
    std::string_view reveal() const;
    bool operator==(const Secret& other) const { return reveal() == other.reveal(); }
    friend std::ostream& operator<<(std::ostream&, const Secret&) = delete;

  private:
    class Memory;
    std::shared_ptr<const Memory> memory_;
};

} // namespace lbd::config
