// SPDX-License-Identifier: BSD-3-Clause
// What identifies a flow, and the keyed hash that places it.
#pragma once

#include <rte_byteorder.h>

#include <cstdint>

namespace lbd::dataplane {

// Client to virtual service, the only direction that Direct Routing sees.
struct FlowKey {
    rte_be32_t client;
    rte_be32_t vip;
    rte_be16_t client_port;
    rte_be16_t vip_port;
    std::uint8_t protocol;

    bool operator==(const FlowKey&) const = default;
};

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

inline std::uint64_t hash_of(const FlowKey& key, const HashSecret& secret) {
    const std::uint64_t addresses = std::uint64_t{key.client} << 32 | key.vip;
    const std::uint64_t rest =
        std::uint64_t{key.client_port} << 24 | std::uint64_t{key.vip_port} << 8 | key.protocol;
    const std::uint64_t first = multiply_fold(addresses ^ secret.a, rest ^ secret.b);
    return multiply_fold(first ^ secret.b, secret.a);
}

// Maps a hash evenly onto [0, size) without a division.
inline std::uint32_t reduce(std::uint64_t hash, std::uint32_t size) {
    return static_cast<std::uint32_t>((hash >> 32) * size >> 32);
}

} // namespace lbd::dataplane
