// SPDX-License-Identifier: BSD-3-Clause
#include "config/check.h"

namespace lbd::config {

namespace {

void check_group(const Node& sync, const IpAddress* own, ErrorList& errors) {
    const auto& node = sync["multicast"];
    const auto* group = node.get<IpAddress>();
    if (group == nullptr) {
        return;
    }
    if ((group->bytes[0] & 0xf0U) != 0xe0U) {
        errors.not_allowed(node.place, node.path, in_quotes(group->text()),
                           "a multicast address, 224.0.0.0 to 239.255.255.255");
    }
    if (!sync["peers"].items.empty()) {
        errors.say(node.place, node.path, "give either peers or multicast");
    }
    if (own != nullptr && own->family != IpAddress::Family::v4) {
        errors.say(node.place, node.path, "needs an IPv4 address of the director's own");
    }
}

} // namespace

void check_sync(const Node& root, ErrorList& errors) {
    const auto& sync = root["sync"];
    if (!is_synchronised(sync)) {
        return;
    }
    if (!sync["key"].given) {
        errors.say(sync.place, sync.path, "needs a key, which all directors share");
    }
    const auto networks = network_nodes(root);
    const auto own = sync_address(networks, sync);
    if (!own && !sync["address"].given) {
        errors.say(sync.place, sync.path,
                   "no port or VLAN has an address in the first peer's subnet; give the "
                   "director's own under address");
    }
    check_peers(sync["peers"], own ? &*own : nullptr, errors);
    check_group(sync, own ? &*own : nullptr, errors);
}

} // namespace lbd::config
