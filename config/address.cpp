// SPDX-License-Identifier: BSD-3-Clause
#include "config/address.h"

#include <arpa/inet.h>

#include <charconv>

namespace lbd::config {

namespace {

int socket_family(IpAddress::Family family) {
    return family == IpAddress::Family::v4 ? AF_INET : AF_INET6;
}

std::uint8_t longest_prefix(IpAddress::Family family) {
    return family == IpAddress::Family::v4 ? 32 : 128;
}

std::optional<std::uint8_t> parse_hex_byte(std::string_view text) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    if (text.size() != 2 || error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return static_cast<std::uint8_t>(value);
}

} // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
    if (text.size() >= INET6_ADDRSTRLEN || text.find('\0') != std::string_view::npos) {
        return std::nullopt;
    }
    const std::string terminated(text);
    IpAddress address;
    address.family = terminated.find(':') == std::string::npos ? Family::v4 : Family::v6;
    if (inet_pton(socket_family(address.family), terminated.c_str(), address.bytes.data()) != 1) {
        return std::nullopt;
    }
    return address;
}

std::string IpAddress::text() const {
    std::array<char, INET6_ADDRSTRLEN> buffer{};
    inet_ntop(socket_family(family), bytes.data(), buffer.data(), buffer.size());
    return buffer.data();
}

std::optional<Prefix> Prefix::parse(std::string_view text) {
    const auto slash = text.find('/');
    const auto address = IpAddress::parse(text.substr(0, slash));
    if (!address) {
        return std::nullopt;
    }
    Prefix prefix{.address = *address, .length = longest_prefix(address->family)};
    if (slash == std::string_view::npos) {
        return prefix;
    }
    const auto digits = text.substr(slash + 1);
    const auto* last = digits.data() + digits.size();
    const auto [end, error] = std::from_chars(digits.data(), last, prefix.length);
    if (error != std::errc{} || end != last || prefix.length > longest_prefix(address->family)) {
        return std::nullopt;
    }
    return prefix;
}

std::string Prefix::text() const {
    return address.text() + '/' + std::to_string(length);
}

bool Prefix::contains(const IpAddress& other) const {
    if (other.family != address.family) {
        return false;
    }
    const std::size_t whole = length / 8;
    for (std::size_t i = 0; i < whole; ++i) {
        if (address.bytes[i] != other.bytes[i]) {
            return false;
        }
    }
    const unsigned rest = length % 8;
    const auto mask = static_cast<std::uint8_t>(0xff00U >> rest);
    return rest == 0 || ((address.bytes[whole] ^ other.bytes[whole]) & mask) == 0;
}

std::optional<MacAddress> MacAddress::parse(std::string_view text) {
    if (text.size() != 17) {
        return std::nullopt;
    }
    MacAddress mac;
    for (std::size_t i = 0; i < mac.bytes.size(); ++i) {
        const auto byte = parse_hex_byte(text.substr(i * 3, 2));
        const bool separated = i == 0 || text[i * 3 - 1] == ':' || text[i * 3 - 1] == '-';
        if (!byte || !separated) {
            return std::nullopt;
        }
        mac.bytes[i] = *byte;
    }
    return mac;
}

std::string MacAddress::text() const {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const auto byte : bytes) {
        if (!text.empty()) {
            text += ':';
        }
        text += digits[byte >> 4U];
        text += digits[byte & 15U];
    }
    return text;
}

} // namespace lbd::config
