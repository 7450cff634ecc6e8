// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/forwarding_table.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace lbd::dataplane {

namespace {

constexpr ServiceSlot empty = 0xffff;

std::uint32_t rest_of_key(rte_be16_t port, std::uint8_t protocol) {
    return std::uint32_t{port} << 8 | protocol;
}

} // namespace

ForwardingTable::ForwardingTable(std::vector<ServiceEntry> services,
                                 std::vector<BackendEntry> backends,
                                 const std::vector<ServiceSlot>& live, std::uint64_t generation)
    : services_(std::move(services)),
      backends_(std::move(backends)),
      index_(std::bit_ceil(std::max<std::size_t>(live.size() * 2, 8)), empty),
      mask_(static_cast<std::uint32_t>(index_.size() - 1)),
      generation_(generation) {
    for (const ServiceSlot slot : live) {
        const ServiceEntry& entry = services_[slot];
        std::uint32_t at = start_of(entry.vip, rest_of_key(entry.port, entry.protocol));
        while (index_[at] != empty) at = (at + 1) & mask_;
        index_[at] = slot;
        addresses_.push_back(entry.vip);
    }
    std::sort(addresses_.begin(), addresses_.end());
    addresses_.erase(std::unique(addresses_.begin(), addresses_.end()), addresses_.end());
}

const ServiceEntry* ForwardingTable::find(rte_be32_t vip, rte_be16_t port,
                                          std::uint8_t protocol) const {
    std::uint32_t at = start_of(vip, rest_of_key(port, protocol));
    for (; index_[at] != empty; at = (at + 1) & mask_) {
        const ServiceEntry& entry = services_[index_[at]];
        if (entry.vip == vip && entry.port == port && entry.protocol == protocol) return &entry;
    }
    return nullptr;
}

bool ForwardingTable::is_virtual(rte_be32_t address) const {
    return std::binary_search(addresses_.begin(), addresses_.end(), address);
}

} // namespace lbd::dataplane
