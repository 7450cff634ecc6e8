// SPDX-License-Identifier: BSD-3-Clause
#include "config/secret.h"

#include <cstring>
#include <vector>

namespace lbd::config {

// Not a string: a short one would be in the object itself, and in all that it was moved through.
class Secret::Memory {
  public:
    explicit Memory(std::string_view text) : text_(text.begin(), text.end()) {}
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;
    ~Memory() {
        if (!text_.empty()) {
            explicit_bzero(text_.data(), text_.size());
        }
    }
    std::string_view text() const { return {text_.data(), text_.size()}; }

  private:
    std::vector<char> text_;
};

Secret::Secret(std::string_view text) : memory_(std::make_shared<const Memory>(text)) {}

std::string_view Secret::reveal() const {
    return memory_->text();
}

} // namespace lbd::config
