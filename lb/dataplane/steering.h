// SPDX-License-Identifier: BSD-3-Clause
// Which worker owns a flow: the one that a NIC's receive side scaling chooses, computed in
// software for the packets that the NIC cannot place (ICMP errors, fragments), or, with devices
// that do not spread by RSS, the one that a hash of our own chooses for every packet.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "lb/dataplane/flow_key.h"

namespace lbd::dataplane {

class Steering {
  public:
    static Steering software(std::uint16_t workers, HashSecret secret);
    // `key` as the NIC has it, 40 or 52 bytes; `redirection` its table, of a power of two entries,
    // queue numbers being worker numbers.
    static Steering rss(std::span<const std::uint8_t> key, std::vector<std::uint16_t> redirection);

    std::uint16_t owner(const KeyV4& key) const;
    std::uint16_t owner(const KeyV6& key) const;
    // Packets of whole datagrams come to their owner by themselves.
    bool by_nic() const { return !redirection_.empty(); }

  private:
    Steering() = default;
    std::uint16_t redirect(std::uint32_t hash) const {
        return redirection_[hash & (redirection_.size() - 1)];
    }

    std::uint16_t workers_ = 1;
    HashSecret secret_{};
    alignas(4) std::array<std::uint8_t, 52> key_{}; // as rte_convert_rss_key leaves it
    std::vector<std::uint16_t> redirection_;
};

} // namespace lbd::dataplane
