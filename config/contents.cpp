// SPDX-License-Identifier: BSD-3-Clause
#include "config/contents.h"

#include <array>
#include <utility>

namespace lbd::config {

std::optional<std::string> contents(std::FILE& file, std::size_t most) {
    std::string text;
    std::array<char, 65'536> chunk{};
    while (text.size() <= most) {
        const auto count = std::fread(chunk.data(), 1, chunk.size(), &file);
        text.append(chunk.data(), count);
        if (count < chunk.size()) {
            break;
        }
    }
    return std::ferror(&file) == 0 ? std::optional(std::move(text)) : std::nullopt;
}

} // namespace lbd::config
