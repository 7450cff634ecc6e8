// SPDX-License-Identifier: BSD-3-Clause
#include "config/check.h"

namespace lbd::config {

void check_metrics(const Node& root, ErrorList& errors) {
    const auto& node = root["metrics"]["listen"];
    const auto* address = node.get<IpAddress>();
    if (address == nullptr) {
        return;
    }
    const auto multicast = address->family == IpAddress::Family::v6 ? Prefix::parse("ff00::/8")
                                                                    : Prefix::parse("224.0.0.0/4");
    if (multicast->contains(*address)) {
        errors.say(node.place, node.path, address->text() + " is a multicast address");
    } else if (is_link_local(*address)) {
        errors.say(node.place, node.path,
                   address->text() + " is a link-local address, which is not supported here");
    }
}

} // namespace lbd::config
