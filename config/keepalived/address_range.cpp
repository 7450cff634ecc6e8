// SPDX-License-Identifier: BSD-3-Clause
#include <charconv>

#include "config/keepalived/service.h"

namespace lbd::config::keepalived {

namespace {

std::size_t size_of(const IpAddress& address) {
    return address.family == IpAddress::Family::v4 ? 4 : 16;
}

void increment(IpAddress& address) {
    for (auto i = size_of(address); i-- > 0;) {
        if (++address.bytes[i] != 0) {
            return;
        }
    }
}

// The last number of the address replaced by `text`.
std::optional<IpAddress> with_last(IpAddress address, std::string_view text) {
    const bool v4 = address.family == IpAddress::Family::v4;
    unsigned last = 0;
    const auto* end = text.data() + text.size();
    const auto [parsed, error] = std::from_chars(text.data(), end, last, v4 ? 10 : 16);
    constexpr unsigned byte = 0xff;
    constexpr unsigned word = 0xffff;
    if (error != std::errc{} || parsed != end || last > (v4 ? byte : word)) {
        return std::nullopt;
    }
    const auto size = size_of(address);
    address.bytes[size - 1] = static_cast<std::uint8_t>(last & byte);
    if (!v4) {
        address.bytes[size - 2] = static_cast<std::uint8_t>(last >> 8U);
    }
    return address;
}

struct Ends {
    IpAddress first;
    IpAddress last;
};

std::optional<Ends> ends_of(const std::string& text) {
    if (text.find('/') != std::string::npos) {
        const auto prefix = Prefix::parse(text);
        if (!prefix) {
            return std::nullopt;
        }
        Ends ends{.first = prefix->address, .last = prefix->address};
        for (std::size_t bit = prefix->length; bit < size_of(prefix->address) * 8; ++bit) {
            const auto mask = static_cast<std::uint8_t>(0x80U >> bit % 8);
            ends.first.bytes[bit / 8] &= static_cast<std::uint8_t>(~mask);
            ends.last.bytes[bit / 8] |= mask;
        }
        return ends;
    }
    const auto dash = text.find('-');
    const auto first = IpAddress::parse(text.substr(0, dash));
    if (!first || dash == std::string::npos) {
        return first ? std::optional(Ends{.first = *first, .last = *first}) : std::nullopt;
    }
    const auto behind = text.substr(dash + 1);
    const auto last = with_last(*first, behind);
    const auto whole = IpAddress::parse(behind);
    if (!last && (!whole || whole->family != first->family)) {
        return std::nullopt;
    }
    return Ends{.first = *first, .last = last ? *last : *whole};
}

} // namespace

std::optional<std::vector<IpAddress>> range_of(const std::string& text, std::size_t most) {
    const auto ends = ends_of(text);
    if (!ends || ends->last.bytes < ends->first.bytes) {
        return std::nullopt;
    }
    std::vector<IpAddress> addresses{ends->first};
    while (addresses.back() != ends->last) {
        if (addresses.size() >= most) {
            return std::nullopt;
        }
        auto next = addresses.back();
        increment(next);
        addresses.push_back(next);
    }
    return addresses;
}

} // namespace lbd::config::keepalived
