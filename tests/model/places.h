// SPDX-License-Identifier: BSD-3-Clause
// The room that a family's flows, or bindings, have, and who gives way when it is full.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace lbd::model {

using Time = std::uint64_t; // ticks

struct Room {
    std::size_t places;
    std::size_t
        looked_at; // places in which somebody may be told to give way before a free one is found
};

template <class Entry>
class Places {
  public:
    explicit Places(const Room& room) : room_(room), places_(room.places) {}

    template <class Key>
    Entry* find(const Key& key) {
        for (auto& place : places_)
            if (place && place->key == key) return &*place;
        return nullptr;
    }
    // The place for a new entry; whoever is in it gives way. nullptr: there is none.
    // A free place; or else one whose entry has ended; or else that of the half-open one nearest
    // its end.
    std::optional<Entry>* place_for_new(std::uint64_t now) {
        std::optional<Entry>* ended = nullptr;
        std::optional<Entry>* half_open = nullptr;
        for (std::size_t i = 0; i < places_.size(); ++i) {
            if (i == room_.looked_at && (ended || half_open)) break;
            auto& place = places_[i];
            if (!place) return &place;
            if (place->ended(now) && ended == nullptr) ended = &place;
            if (place->half_open() && (half_open == nullptr || place->end < (*half_open)->end))
                half_open = &place;
        }
        return ended != nullptr ? ended : half_open;
    }
    template <class Key>
    void erase(const Key& key) {
        for (auto& place : places_)
            if (place && place->key == key) place.reset();
    }
    // Those that have ended, `release` gets each.
    template <class Release>
    void expire(std::uint64_t now, Release&& release) {
        for (auto& place : places_)
            if (place && place->ended(now)) {
                release(*place);
                place.reset();
            }
    }

  private:
    Room room_;
    std::vector<std::optional<Entry>> places_;
};

} // namespace lbd::model
