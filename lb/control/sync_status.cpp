// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/sync_status.h"

#include <boost/json/array.hpp>
#include <sstream>

namespace lbd::control {

namespace json = boost::json;

namespace {

json::object peer_status(const sync::PeerStatus& peer) {
    std::ostringstream endpoint;
    endpoint << peer.endpoint;
    json::object object;
    object["address"] = endpoint.str();
    object["state"] = sync::name_of(peer.state);
    object["heard_seconds"] =
        peer.heard_seconds < 0 ? json::value() : json::value(peer.heard_seconds);
    object["lag_seconds"] = peer.lag_seconds;
    object["unacknowledged"] = peer.unacknowledged;
    object["entries_received"] = peer.received;
    object["datagrams_lost"] = peer.lost;
    object["duplicates"] = peer.duplicates;
    object["joins"] = peer.joins;
    return object;
}

} // namespace

json::object sync_status(const sync::Synchronizer* synchronizer) {
    json::object data;
    data["enabled"] = synchronizer != nullptr;
    json::array peers;
    if (synchronizer != nullptr) {
        const sync::Status status = synchronizer->status();
        for (const sync::PeerStatus& peer : status.session.peers)
            peers.push_back(peer_status(peer));
        data["settled"] = synchronizer->settled();
        data["entries_sent"] = status.session.sent;
        data["datagrams_sent"] = status.session.datagrams;
        data["datagrams_repaired"] = status.session.repaired;
        data["full_transfers"] = status.session.passes;
        data["entries_imported"] = status.imported;
        data["entries_refused"] = status.refused;
        data["entries_unresolved"] = status.unresolved;
        data["overflows"] = status.overflows;
        json::object rejected;
        rejected["format"] = status.session.rejected[0];
        rejected["version"] = status.session.rejected[1];
        rejected["authentication"] = status.session.rejected[2];
        rejected["stranger"] = status.session.strangers;
        data["rejected"] = std::move(rejected);
    }
    data["peers"] = std::move(peers);
    return data;
}

} // namespace lbd::control
