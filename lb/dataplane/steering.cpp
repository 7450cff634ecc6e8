// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/steering.h"

#include <rte_byteorder.h>
#include <rte_thash.h>

#include <algorithm>
#include <cassert>
#include <utility>

namespace lbd::dataplane {

namespace {

std::uint32_t ports_of(rte_be16_t source, rte_be16_t destination) {
    return std::uint32_t{rte_be_to_cpu_16(source)} << 16 | rte_be_to_cpu_16(destination);
}

void append_address(const Ipv6& address, std::uint32_t* words) {
    for (std::size_t i = 0; i < 4; ++i) {
        rte_be32_t word = 0;
        std::memcpy(&word, address.data() + i * sizeof(word), sizeof(word));
        words[i] = rte_be_to_cpu_32(word);
    }
}

} // namespace

Steering Steering::software(std::uint16_t workers, HashSecret secret) {
    Steering steering;
    steering.workers_ = workers;
    steering.secret_ = secret;
    return steering;
}

Steering Steering::rss(std::span<const std::uint8_t> key, std::vector<std::uint16_t> redirection) {
    assert(key.size() % 4 == 0 && key.size() <= 52 && !redirection.empty());
    Steering steering;
    alignas(4) std::array<std::uint8_t, 52> original{};
    std::copy(key.begin(), key.end(), original.begin());
    rte_convert_rss_key(reinterpret_cast<const std::uint32_t*>(original.data()),
                        reinterpret_cast<std::uint32_t*>(steering.key_.data()),
                        static_cast<int>(key.size()));
    steering.redirection_ = std::move(redirection);
    return steering;
}

std::uint16_t Steering::owner(const KeyV4& key) const {
    if (!by_nic()) return static_cast<std::uint16_t>(reduce(hash_of(key, secret_), workers_));
    std::array<std::uint32_t, 3> tuple{rte_be_to_cpu_32(key.client), rte_be_to_cpu_32(key.vip),
                                       ports_of(key.client_port, key.vip_port)};
    return redirect(rte_softrss_be(tuple.data(), tuple.size(), key_.data()));
}

std::uint16_t Steering::owner(const KeyV6& key) const {
    if (!by_nic()) return static_cast<std::uint16_t>(reduce(hash_of(key, secret_), workers_));
    std::array<std::uint32_t, 9> tuple{};
    append_address(key.client, tuple.data());
    append_address(key.vip, tuple.data() + 4);
    tuple[8] = ports_of(key.client_port, key.vip_port);
    return redirect(rte_softrss_be(tuple.data(), tuple.size(), key_.data()));
}

} // namespace lbd::dataplane
