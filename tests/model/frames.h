// SPDX-License-Identifier: BSD-3-Clause
// The frames and keys of the packets that the model speaks of.
#pragma once

#include "tests/model/description.h"
#include "tests/unit/dataplane/dispatcher_scene.h"

namespace lbd::model {

template <class Key>
Key key_of(const Packet& packet) {
    using Scene = dataplane::test::Scene<Key>;
    using dataplane::test::be;
    return {Scene::address(packet.client),
            Scene::address(packet.vip),
            be(packet.client_port),
            be(packet.vip_port),
            packet.protocol,
            {}};
}

// Writes `packet` for the port with address `to`.
void write(dataplane::test::Frame& frame, const Packet& packet, const rte_ether_addr& to);

} // namespace lbd::model
