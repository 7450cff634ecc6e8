// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/schedule_ring.h"

#include <algorithm>
#include <numeric>

namespace lbd::dataplane {

namespace {

std::vector<Weighted> reduced(std::span<const Weighted> backends) {
    std::vector<Weighted> result;
    std::uint64_t sum = 0;
    std::uint32_t divisor = 0;
    for (const Weighted& backend : backends) {
        if (backend.weight == 0) continue;
        result.push_back(backend);
        divisor = std::gcd(divisor, backend.weight);
    }
    for (Weighted& backend : result) sum += backend.weight /= std::max(divisor, 1u);
    if (sum <= max_ring) return result;
    for (Weighted& backend : result) {
        const std::uint64_t scaled = (backend.weight * std::uint64_t{max_ring} + sum / 2) / sum;
        backend.weight = static_cast<std::uint32_t>(std::max<std::uint64_t>(scaled, 1));
    }
    return result;
}

} // namespace

std::vector<BackendSlot> smooth_ring(std::span<const Weighted> backends) {
    const std::vector<Weighted> members = reduced(backends);
    std::uint64_t length = 0;
    for (const Weighted& member : members) length += member.weight;

    // A backend's w places lie 1/w of the ring apart, and each backend starts at a phase of its own
    // so that those of equal weight alternate. Sorting them is smooth, and n log n where the
    // textbook's loop is the number of backends times the length.
    struct Place {
        double at;
        std::size_t member;
    };
    const auto count = static_cast<double>(members.size());
    const auto phase_of = [count](std::size_t member) {
        return (static_cast<double>(member) + 0.5) / count;
    };
    std::vector<Place> places;
    places.reserve(length);
    for (std::size_t member = 0; member < members.size(); ++member)
        for (std::uint32_t k = 0; k < members[member].weight; ++k)
            places.push_back({(k + phase_of(member)) / members[member].weight, member});
    std::stable_sort(places.begin(), places.end(),
                     [](const Place& a, const Place& b) { return a.at < b.at; });

    std::vector<BackendSlot> ring;
    ring.reserve(places.size());
    for (const Place& place : places) ring.push_back(members[place.member].slot);
    return ring;
}

BackendSlot RingCursor::next(const ServiceEntry& service) {
    if (service.ring.empty()) return no_backend;
    if (version_ != service.ring_version) relocate(service);
    if (position_ >= service.ring.size()) position_ = 0;
    last_ = service.ring[position_++];
    return last_;
}

void RingCursor::relocate(const ServiceEntry& service) {
    version_ = service.ring_version;
    const auto found = std::find(service.ring.begin(), service.ring.end(), last_);
    if (found != service.ring.end()) {
        position_ = static_cast<std::uint32_t>(found - service.ring.begin()) + 1;
    } else {
        while (position_ >= service.ring.size())
            position_ -= static_cast<std::uint32_t>(service.ring.size());
    }
}

} // namespace lbd::dataplane
