// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/maglev.h"

#include <algorithm>
#include <array>

namespace lbd::dataplane {

namespace {

constexpr std::array<std::uint32_t, 7> primes{1021, 2039, 4093, 8191, 16381, 32749, 65521};

struct Turn {
    BackendSlot slot;
    std::uint64_t identity;
    double share; // of the heaviest member's turns, in (0, 1]
    double credit;
    std::uint32_t position;
    std::uint32_t skip;
};

std::uint32_t size_for(std::size_t members) {
    for (const std::uint32_t prime : primes)
        if (prime >= members * 100) return prime;
    return primes.back();
}

std::vector<Turn> turns_of(std::span<const MaglevMember> members, std::uint32_t size) {
    std::vector<Turn> turns;
    std::uint32_t heaviest = 0;
    for (const MaglevMember& member : members)
        heaviest = std::max(heaviest, member.weighted.weight);
    for (const MaglevMember& member : members) {
        if (member.weighted.weight == 0) continue;
        const std::uint64_t one =
            multiply_fold(member.identity ^ 0xa0761d6478bd642fu, 0xe7037ed1a0b428dbu);
        const std::uint64_t two =
            multiply_fold(member.identity ^ 0x8ebc6af09c88c6e3u, 0x589965cc75374cc3u);
        turns.push_back({member.weighted.slot, member.identity,
                         static_cast<double>(member.weighted.weight) / heaviest, 0.0,
                         static_cast<std::uint32_t>(one % size),
                         static_cast<std::uint32_t>(two % (size - 1)) + 1});
    }
    std::sort(turns.begin(), turns.end(),
              [](const Turn& a, const Turn& b) { return a.identity < b.identity; });
    return turns;
}

} // namespace

std::vector<BackendSlot> maglev_table(std::span<const MaglevMember> members) {
    const std::uint32_t size = size_for(members.size());
    std::vector<Turn> turns = turns_of(members, size);
    if (turns.empty()) return {};
    std::vector<BackendSlot> table(size, no_backend);
    for (std::uint32_t filled = 0; filled < size;) {
        for (Turn& turn : turns) {
            turn.credit += turn.share;
            if (turn.credit < 1.0) continue;
            turn.credit -= 1.0;
            while (table[turn.position] != no_backend)
                turn.position = (turn.position + turn.skip) % size;
            table[turn.position] = turn.slot;
            if (++filled == size) break;
        }
    }
    return table;
}

} // namespace lbd::dataplane
