// SPDX-License-Identifier: BSD-3-Clause
// What two directors tell each other of a flow or of a client's binding, between a worker and the
// thread that speaks with the peers.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "lb/dataplane/flow_key.h"
#include "lb/dataplane/flow_table.h"
#include "lb/dataplane/forwarding_table.h"
#include "lb/dataplane/value_ring.h"

namespace lbd::dataplane {

struct FlowEvent {
    // The end of a pass over all flows: `remaining` is its number, the rest means nothing.
    static constexpr FlowState end_of_pass = FlowState::free;

    std::array<std::uint8_t, sizeof(KeyV6)> key_bytes{}; // of a KeyV4: the first 16
    FlowState state = end_of_pass;
    bool ipv6 = false;
    bool repeated = false; // from a pass, so perhaps older than what the other knows
    BackendSlot backend = no_backend;
    std::uint16_t generation = 0; // of the backend's slot
    Tick remaining = 0;           // until it ends

    template <class Key>
    Key key() const {
        Key key;
        std::memcpy(&key, key_bytes.data(), sizeof(key));
        return key;
    }
    template <class Key>
    void set_key(const Key& key) {
        std::memcpy(key_bytes.data(), &key, sizeof(key));
        ipv6 = sizeof(Key) == sizeof(KeyV6);
    }
};

using EventRing = ValueRing<FlowEvent>;

} // namespace lbd::dataplane
