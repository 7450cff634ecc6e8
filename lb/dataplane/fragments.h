// SPDX-License-Identifier: BSD-3-Clause
// One worker's memory of fragmented datagrams. Nothing is reassembled: the first fragment carries
// the ports and is decided about like any packet, its decision is remembered, and later fragments
// follow it. What comes before the first is held, within bounds, and let go when that comes.
#pragma once

#include <rte_mbuf.h>

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "lb/dataplane/flow_table.h"

namespace lbd::dataplane {

// What the fragments of a datagram have in common (RFC 791, RFC 8200 4.5).
using DatagramKey = KeyV6;

inline DatagramKey datagram_key(const KeyV4& flow, std::uint32_t id) {
    DatagramKey key{{}, {}, 0, 0, flow.protocol, {}};
    std::memcpy(key.client.data(), &flow.client, sizeof(flow.client));
    std::memcpy(key.client.data() + 4, &flow.vip, sizeof(flow.vip));
    std::memcpy(key.vip.data(), &id, sizeof(id));
    key.zero[0] = 4;
    return key;
}

// By addresses and identification alone: extension headers may differ between the fragments.
inline DatagramKey datagram_key(const KeyV6& flow, std::uint32_t id) {
    DatagramKey key{
        flow.client, flow.vip, static_cast<rte_be16_t>(id), static_cast<rte_be16_t>(id >> 16),
        0,           {}};
    key.zero[0] = 6;
    return key;
}

enum class FragmentOutcome { decided, held, no_room };

template <class Decision>
class FragmentTable {
  public:
    static constexpr Tick lifetime = 5 * ticks_per_second;
    static constexpr std::uint16_t most_of_a_datagram = 64; // held at once
    static constexpr std::size_t ways = 8;                  // places in which a datagram may lie

    // Memory of `datagrams`, at most `most_held` packets held.
    FragmentTable(std::size_t datagrams, std::size_t most_held, HashSecret secret)
        : entries_((datagrams + ways - 1) / ways * ways), room_(most_held), secret_(secret) {
        held_.resize(most_held);
        for (std::size_t i = 0; i < most_held; ++i) held_[i].next = static_cast<Link>(i + 1);
        if (most_held != 0) held_.back().next = none;
        free_ = most_held == 0 ? none : 0;
    }

    struct Answer {
        FragmentOutcome outcome;
        Decision decision; // if decided
    };

    // A fragment that is not the first. It is the table's while held; the caller's otherwise.
    // `drop` gets the packets of an older datagram that has to make room.
    template <typename Drop>
    Answer later(const DatagramKey& key, rte_mbuf* packet, Tick now, Drop&& drop) {
        Entry& entry = entry_of(key, now, drop);
        if (entry.decided) return {FragmentOutcome::decided, entry.decision};
        if (free_ == none || entry.count == most_of_a_datagram)
            return {FragmentOutcome::no_room, {}};
        const Link link = free_;
        free_ = held_[link].next;
        held_[link] = {packet, none};
        (entry.last == none ? entry.first : held_[entry.last].next) = link;
        entry.last = link;
        ++entry.count;
        return {FragmentOutcome::held, {}};
    }

    // The first fragment has been decided about; `release` gets what was held, in order of arrival.
    template <typename Release, typename Drop>
    void first(const DatagramKey& key, const Decision& decision, Tick now, Release&& release,
               Drop&& drop) {
        Entry& entry = entry_of(key, now, drop);
        entry.decided = true;
        entry.decision = decision;
        empty(entry, release);
    }

    // What was decided about a datagram's first fragment, if that is known. Changes nothing.
    const Decision* decision(const DatagramKey& key, Tick now) const {
        const auto sets = static_cast<std::uint32_t>(entries_.size() / ways);
        const Entry* const set = &entries_[reduce(hash_of(key, secret_), sets) * ways];
        for (const Entry* entry = set; entry != set + ways; ++entry)
            if (entry->used && entry->decided && entry->key == key && !reached(entry->expires, now))
                return &entry->decision;
        return nullptr;
    }

    // Ends what is too old; `drop` gets what was held. Looks at a part of the table each time.
    template <typename Drop>
    void sweep(Tick now, Drop&& drop) {
        const std::size_t part = entries_.size() / ticks_per_second + 1;
        for (std::size_t i = 0; i < part; ++i) {
            Entry& entry = entries_[sweep_position_];
            if (entry.used && reached(entry.expires, now)) end(entry, drop);
            if (++sweep_position_ == entries_.size()) sweep_position_ = 0;
        }
    }

    std::size_t held() const {
        std::size_t free = 0;
        for (Link link = free_; link != none; link = held_[link].next) ++free;
        return room_ - free;
    }

  private:
    using Link = std::uint32_t;
    static constexpr Link none = 0xffffffff;

    struct Held {
        rte_mbuf* packet;
        Link next;
    };
    struct Entry {
        DatagramKey key{};
        Tick expires = 0;
        bool used = false;
        bool decided = false;
        std::uint16_t count = 0;
        Link first = none;
        Link last = none;
        Decision decision{};
    };

    // The datagram's entry, a new one if need be in the place of the one that is nearest its end.
    template <typename Drop>
    Entry& entry_of(const DatagramKey& key, Tick now, Drop&& drop) {
        const auto sets = static_cast<std::uint32_t>(entries_.size() / ways);
        Entry* const set = &entries_[reduce(hash_of(key, secret_), sets) * ways];
        Entry* place = set;
        for (Entry* entry = set; entry != set + ways; ++entry) {
            if (entry->used && reached(entry->expires, now)) end(*entry, drop);
            if (entry->used && entry->key == key) return *entry;
            if (place->used && (!entry->used || !reached(place->expires, entry->expires)))
                place = entry;
        }
        if (place->used) end(*place, drop);
        place->key = key;
        place->used = true;
        place->expires = now + lifetime;
        return *place;
    }

    template <typename Take>
    void empty(Entry& entry, Take&& take) {
        while (entry.first != none) {
            const Link link = entry.first;
            rte_mbuf* const packet = held_[link].packet;
            entry.first = held_[link].next;
            held_[link].next = free_;
            free_ = link;
            take(packet);
        }
        entry.last = none;
        entry.count = 0;
    }

    template <typename Drop>
    void end(Entry& entry, Drop&& drop) {
        empty(entry, drop);
        entry.used = entry.decided = false;
    }

    std::vector<Entry> entries_;
    std::vector<Held> held_;
    Link free_ = none;
    std::size_t room_;
    HashSecret secret_;
    std::size_t sweep_position_ = 0;
};

} // namespace lbd::dataplane
