// SPDX-License-Identifier: BSD-3-Clause
// The MAC addresses at which a port takes frames: its own, and those of the virtual routers that
// are master here (RFC 9568 7.3).
#pragma once

#include <rte_ether.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>

namespace lbd::dataplane {

class OwnMacs {
  public:
    explicit OwnMacs(const rte_ether_addr& own) : own_(word_of(own)) {}

    // An address as the low 48 bits of a little-endian word, as it is loaded from a frame.
    static std::uint64_t word_of(const rte_ether_addr& address) {
        std::uint64_t word = 0;
        std::memcpy(&word, address.addr_bytes, sizeof(address.addr_bytes));
        return word;
    }

    // Any thread. Only a virtual router's address is known beside the own one.
    bool contains(std::uint64_t word) const {
        if (word == own_) [[likely]]
            return true;
        return is_virtual(word) &&
               (bits_of(word).load(std::memory_order_relaxed) >> (word >> 40 & 63) & 1) != 0;
    }

    // Control thread. `address` is a virtual router's.
    void set(const rte_ether_addr& address, bool taken) {
        const std::uint64_t word = word_of(address);
        if (!is_virtual(word)) return;
        const std::uint64_t bit = std::uint64_t{1} << (word >> 40 & 63);
        if (taken)
            bits_of(word).fetch_or(bit, std::memory_order_relaxed);
        else
            bits_of(word).fetch_and(~bit, std::memory_order_relaxed);
    }

  private:
    // 00-00-5e-00-01-VRID, and with 02 of IPv6.
    static bool is_virtual(std::uint64_t word) {
        const std::uint64_t prefix = word & 0xffffffffff;
        return prefix == 0x01005e0000 || prefix == 0x02005e0000;
    }
    static std::size_t place_of(std::uint64_t word) {
        const bool ipv6 = (word >> 32 & 0xff) == 2;
        return (ipv6 ? 4 : 0) + (word >> 46 & 3);
    }
    std::atomic<std::uint64_t>& bits_of(std::uint64_t word) { return virtual_[place_of(word)]; }
    const std::atomic<std::uint64_t>& bits_of(std::uint64_t word) const {
        return virtual_[place_of(word)];
    }

    std::uint64_t own_;
    std::array<std::atomic<std::uint64_t>, 8> virtual_{}; // a bit a VRID, of both families
};

} // namespace lbd::dataplane
