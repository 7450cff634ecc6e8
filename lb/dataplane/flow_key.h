// SPDX-License-Identifier: BSD-3-Clause
// What identifies a flow, and the keyed hash that places it.
#pragma once

#include <rte_byteorder.h>

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace lbd::dataplane {

using Ipv6 = std::array<std::uint8_t, 16>;

namespace detail {

inline std::uint64_t word(const void* bytes, std::size_t index) {
    std::uint64_t value = 0;
    std::memcpy(&value, static_cast<const char*>(bytes) + index * sizeof(value), sizeof(value));
    return value;
}

// Without a branch before the last word.
template <std::size_t words>
bool equal(const void* one, const void* other) {
    std::uint64_t difference = 0;
    for (std::size_t i = 0; i < words; ++i) difference |= word(one, i) ^ word(other, i);
    return difference == 0;
}

} // namespace detail

// Client to virtual service, the only direction that Direct Routing sees. `zero` makes the size a
// multiple of the alignment, so that keys compare and hash as a whole.
struct KeyV4 {
    rte_be32_t client;
    rte_be32_t vip;
    rte_be16_t client_port;
    rte_be16_t vip_port;
    std::uint8_t protocol;
    std::array<std::uint8_t, 3> zero{};

    bool operator==(const KeyV4& other) const { return detail::equal<2>(this, &other); }

    // Client and VIP; ports, protocol and zeros: as they follow each other in memory.
    static KeyV4 of_words(std::uint64_t addresses, std::uint64_t rest);
};
static_assert(sizeof(KeyV4) == 16);

inline KeyV4 KeyV4::of_words(std::uint64_t addresses, std::uint64_t rest) {
    return std::bit_cast<KeyV4>(std::array{addresses, rest});
}

struct KeyV6 {
    Ipv6 client;
    Ipv6 vip;
    rte_be16_t client_port;
    rte_be16_t vip_port;
    std::uint8_t protocol;
    std::array<std::uint8_t, 3> zero{};

    bool operator==(const KeyV6& other) const { return detail::equal<5>(this, &other); }
};
static_assert(sizeof(KeyV6) == 40);

using FlowKey = KeyV4;

// Secret drawn at start-up, so that nobody outside picks the bucket. A CRC would not do: it is
// linear, and keys that collide under one seed collide under every seed.
struct HashSecret {
    std::uint64_t a;
    std::uint64_t b;
};

inline std::uint64_t multiply_fold(std::uint64_t x, std::uint64_t y) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(x) * y;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

inline std::uint64_t hash_of(const KeyV4& key, const HashSecret& secret) {
    const std::uint64_t first =
        multiply_fold(detail::word(&key, 0) ^ secret.a, detail::word(&key, 1) ^ secret.b);
    return multiply_fold(first ^ secret.b, secret.a);
}

inline std::uint64_t hash_of(const KeyV6& key, const HashSecret& secret) {
    const std::uint64_t client =
        multiply_fold(detail::word(&key, 0) ^ secret.a, detail::word(&key, 1) ^ secret.b);
    const std::uint64_t vip =
        multiply_fold(detail::word(&key, 2) ^ secret.b ^ client, detail::word(&key, 3) ^ secret.a);
    return multiply_fold(vip ^ secret.b, detail::word(&key, 4) ^ secret.a ^ client);
}

// Maps a hash evenly onto [0, size) without a division.
inline std::uint32_t reduce(std::uint64_t hash, std::uint32_t size) {
    return static_cast<std::uint32_t>((hash >> 32) * size >> 32);
}

} // namespace lbd::dataplane
