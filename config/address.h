// SPDX-License-Identifier: BSD-3-Clause
// Addresses as a configuration file names them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lbd::config {

// clang-tidy 14 takes the zero that a defaulted <=> compares with for a null pointer.

struct IpAddress {
    enum class Family : std::uint8_t { v4 = 4, v6 = 6 };
    Family family = Family::v4;
    std::array<std::uint8_t, 16> bytes{}; // network order; IPv4 uses the first four

    static std::optional<IpAddress> parse(std::string_view text);
    std::string text() const;
    auto operator<=>(const IpAddress&) const = default; // NOLINT(modernize-use-nullptr)
};

struct Prefix {
    IpAddress address; // with its host part
    std::uint8_t length = 32;

    // "10.0.0.1/24"; without a slash the whole address is the prefix.
    static std::optional<Prefix> parse(std::string_view text);
    std::string text() const;
    bool contains(const IpAddress& other) const;
    auto operator<=>(const Prefix&) const = default; // NOLINT(modernize-use-nullptr)
};

struct MacAddress {
    std::array<std::uint8_t, 6> bytes{};

    static std::optional<MacAddress> parse(std::string_view text);
    std::string text() const;
    auto operator<=>(const MacAddress&) const = default; // NOLINT(modernize-use-nullptr)
};

} // namespace lbd::config
