// SPDX-License-Identifier: BSD-3-Clause
// An input, taken from its front as numbers and pieces. Past its end all is zero and empty, so that
// every input means something.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>

namespace lbd::fuzz {

class Input {
  public:
    Input(const std::uint8_t* data, std::size_t size) : bytes_(data, size) {}

    bool empty() const { return bytes_.empty(); }
    std::uint64_t number(std::size_t width) {
        std::uint64_t value = 0;
        for (const std::uint8_t byte : take(width)) value = value << 8 | byte;
        return value;
    }
    std::uint8_t byte() { return static_cast<std::uint8_t>(number(1)); }
    std::uint16_t two() { return static_cast<std::uint16_t>(number(2)); }
    std::uint32_t four() { return static_cast<std::uint32_t>(number(4)); }
    std::uint64_t eight() { return number(8); }

    // At most `most` bytes.
    std::span<const std::uint8_t> take(std::size_t most) {
        const auto front = bytes_.first(std::min(most, bytes_.size()));
        bytes_ = bytes_.subspan(front.size());
        return front;
    }
    std::span<const std::uint8_t> rest() { return take(bytes_.size()); }

  private:
    std::span<const std::uint8_t> bytes_;
};

inline std::string_view text_of(std::span<const std::uint8_t> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

} // namespace lbd::fuzz
