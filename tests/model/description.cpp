// SPDX-License-Identifier: BSD-3-Clause
#include "tests/model/description.h"

#include <array>
#include <set>
#include <sstream>

namespace lbd::model {

std::string text(const Packet& packet) {
    constexpr std::array names{"packet",     "first fragment", "later fragment",
                               "ICMP error", "bad checksum",   "wrong MAC",
                               "ARP"};
    std::ostringstream out;
    out << names[static_cast<std::size_t>(packet.kind)] << (packet.ipv6 ? " IPv6" : " IPv4")
        << " protocol " << unsigned{packet.protocol} << " flags " << unsigned{packet.tcp_flags}
        << " ttl " << unsigned{packet.ttl} << " from " << packet.client << ':' << packet.client_port
        << " to VIP " << packet.vip - first_vip << ':' << packet.vip_port << " id "
        << packet.fragment_id;
    return out.str();
}

std::string text(const Events& events) {
    constexpr std::array kinds{"forwarded", "punted", "dropped", "answered"};
    constexpr std::array methods{"dr", "ipip", "gue"};
    std::ostringstream out;
    if (events.empty()) out << "nothing";
    for (const Event& event : events) {
        out << kinds[static_cast<std::size_t>(event.kind)] << ' ';
        if (event.kind == Event::Kind::forwarded)
            out << event.backend << ' ' << methods[static_cast<std::size_t>(event.method)] << ' ';
        if (event.reason != DropReason::none) out << describe(event.reason).name << ' ';
    }
    return out.str();
}

std::string difference(const Counts& model, const Counts& real) {
    std::set<std::string> names;
    for (const Counts* counts : {&model, &real})
        for (const auto& [name, value] : *counts) names.insert(name);
    std::ostringstream out;
    const auto value = [](const Counts& counts, const std::string& name) {
        const auto found = counts.find(name);
        return found == counts.end() ? 0 : found->second;
    };
    for (const std::string& name : names)
        if (value(model, name) != value(real, name))
            out << name << ": model " << value(model, name) << ", data plane " << value(real, name)
                << '\n';
    return out.str();
}

} // namespace lbd::model
