// SPDX-License-Identifier: BSD-3-Clause
#include "tools/lbctl/doctor/host.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/timex.h>

#include <bit>
#include <cstring>
#include <memory>

namespace lbd::lbctl {

namespace {

std::optional<config::IpAddress> address_of(const sockaddr* socket_address) {
    if (socket_address == nullptr) return std::nullopt;
    config::IpAddress address;
    if (socket_address->sa_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, socket_address, sizeof v4);
        std::memcpy(address.bytes.data(), &v4.sin_addr, sizeof v4.sin_addr);
        return address;
    }
    if (socket_address->sa_family == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, socket_address, sizeof v6);
        address.family = config::IpAddress::Family::v6;
        std::memcpy(address.bytes.data(), &v6.sin6_addr, sizeof v6.sin6_addr);
        return address;
    }
    return std::nullopt;
}

std::uint8_t length_of(const sockaddr* mask) {
    unsigned length = 0;
    if (const auto bits = address_of(mask))
        for (const std::uint8_t byte : bits->bytes) length += std::popcount(byte);
    return static_cast<std::uint8_t>(length);
}

} // namespace

Facts gather_facts() {
    Facts facts;
    timex time{};
    const int state = adjtimex(&time);
    if (state >= 0) facts.clock_synchronized = state != TIME_ERROR && !(time.status & STA_UNSYNC);
    ifaddrs* first = nullptr;
    if (getifaddrs(&first) != 0) return facts;
    const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(first, freeifaddrs);
    for (const ifaddrs* entry = first; entry != nullptr; entry = entry->ifa_next)
        if (const auto address = address_of(entry->ifa_addr))
            facts.addresses.push_back({entry->ifa_name, {*address, length_of(entry->ifa_netmask)}});
    return facts;
}

} // namespace lbd::lbctl
