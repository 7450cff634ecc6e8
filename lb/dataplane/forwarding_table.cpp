// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/forwarding_table.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace lbd::dataplane {

namespace {

constexpr ServiceSlot empty = 0xffff;

} // namespace

ForwardingTable::ForwardingTable(std::vector<ServiceEntry> services,
                                 std::vector<BackendEntry> backends,
                                 const std::vector<ServiceSlot>& live, std::uint64_t generation)
    : services_(std::move(services)),
      backends_(std::move(backends)),
      index_(std::bit_ceil(std::max<std::size_t>(live.size() * 2, 8)), empty),
      mask_(static_cast<std::uint32_t>(index_.size() - 1)),
      generation_(generation) {
    for (const ServiceSlot slot : live) index(slot);
    for (BackendEntry& backend : backends_) complete(backend);
    std::sort(addresses_.begin(), addresses_.end());
    addresses_.erase(std::unique(addresses_.begin(), addresses_.end()), addresses_.end());
    watch();
}

void ForwardingTable::index(ServiceSlot slot) {
    const ServiceEntry& entry = services_[slot];
    std::uint32_t at = start_of({entry.vip, entry.port, entry.protocol, entry.ipv6});
    while (index_[at] != empty) at = (at + 1) & mask_;
    index_[at] = slot;
    addresses_.push_back({entry.vip, 0, 0, entry.ipv6});
    any_port_ |= entry.port == 0;
}

void ForwardingTable::complete(BackendEntry& backend) const {
    const ServiceEntry& service = services_[backend.service];
    backend.timeouts = service.timeouts;
    backend.decrement_ttl = service.decrement_ttl;
    backend.as_it_came = !service.decrement_ttl && backend.tunnel.kind == Forwarding::direct;
}

void ForwardingTable::watch() {
    for (std::size_t slot = 0; slot < backends_.size(); ++slot) {
        const Discipline discipline = services_[backends_[slot].service].discipline;
        if (backends_[slot].upper_threshold != 0 || discipline == Discipline::least ||
            discipline == Discipline::weighted_least)
            watched_.push_back(static_cast<BackendSlot>(slot));
    }
}

std::uint32_t ForwardingTable::start_of(const Endpoint& endpoint) const {
    const std::uint64_t vip =
        multiply_fold(detail::word(endpoint.vip.data(), 0) ^ 0x9e3779b97f4a7c15u,
                      detail::word(endpoint.vip.data(), 1) ^ 0xe7037ed1a0b428dbu);
    const std::uint64_t rest = std::uint64_t{endpoint.port} << 16 |
                               std::uint64_t{endpoint.protocol} << 1 | (endpoint.ipv6 ? 1 : 0);
    return static_cast<std::uint32_t>(multiply_fold(vip ^ rest, 0xd6e8feb86659fd93u)) & mask_;
}

const ServiceEntry* ForwardingTable::find_exactly(const Endpoint& endpoint) const {
    for (std::uint32_t at = start_of(endpoint); index_[at] != empty; at = (at + 1) & mask_) {
        const ServiceEntry& entry = services_[index_[at]];
        if (entry.vip == endpoint.vip && entry.port == endpoint.port &&
            entry.protocol == endpoint.protocol && entry.ipv6 == endpoint.ipv6)
            return &entry;
    }
    return nullptr;
}

const ServiceEntry* ForwardingTable::find(const Endpoint& endpoint) const {
    const ServiceEntry* exact = find_exactly(endpoint);
    if (exact != nullptr || !any_port_) return exact;
    Endpoint any = endpoint;
    any.port = 0;
    return find_exactly(any);
}

bool ForwardingTable::is_virtual(const Ipv6& address, bool ipv6) const {
    return std::binary_search(addresses_.begin(), addresses_.end(), Endpoint{address, 0, 0, ipv6});
}

} // namespace lbd::dataplane
