// SPDX-License-Identifier: BSD-3-Clause
// What of a flow's key persistence, limits and the consistent hash go by.
#pragma once

#include <rte_byteorder.h>

#include <cstdint>

#include "lb/dataplane/flow_key.h"
#include "lb/dataplane/forwarding_table.h"

namespace lbd::dataplane {

// The first `prefix` bits of an address, of 32 or 128.
inline rte_be32_t network_of(rte_be32_t address, unsigned prefix) {
    if (prefix >= 32) return address;
    return prefix == 0 ? 0 : address & rte_cpu_to_be_32(~std::uint32_t{0} << (32 - prefix));
}

inline Ipv6 network_of(Ipv6 address, unsigned prefix) {
    for (unsigned byte = 0; byte < address.size(); ++byte) {
        const unsigned bits = prefix > byte * 8 ? prefix - byte * 8 : 0;
        if (bits < 8) address[byte] &= static_cast<std::uint8_t>(0xff00u >> bits);
    }
    return address;
}

// IPVS: the key of a connection template, <proto, client network, 0, VIP, port>.
template <class Key>
Key binding_key(const ServiceEntry& service, const Key& key) {
    return {
        network_of(key.client, service.client_prefix), key.vip, 0, service.port, key.protocol, {}};
}

// What the limit of new connections goes by.
template <class Key>
Key limit_key(const ServiceEntry& service, const Key& key) {
    return {
        network_of(key.client, service.limit_prefix), key.vip, 0, service.port, key.protocol, {}};
}

// The consistent hash of a flow. Unkeyed: every director of a pair finds the same.
template <class Key>
std::uint64_t consistent_hash(const ServiceEntry& service, const Key& key) {
    constexpr HashSecret fixed{0x2d358dccaa6c78a5u, 0x8bb84b93962eacc9u};
    switch (service.hashed) {
        case Hashed::tuple:
            break;
        case Hashed::client_network:
            return hash_of(binding_key(service, key), fixed);
        case Hashed::client: // IPVS: ip_vs_sh_hashkey; of any service, so that they agree
            return hash_of(Key{key.client, {}, 0, 0, 0, {}}, fixed);
        case Hashed::client_port:
            return hash_of(Key{key.client, {}, key.client_port, 0, 0, {}}, fixed);
    }
    return hash_of(key, fixed);
}

// The hash for a scheduler where nobody is bound: it matters to sh and mh only.
template <class Key>
std::uint64_t scheduling_hash(const ServiceEntry& service, const Key& key) {
    return service.discipline == Discipline::hash ? consistent_hash(service, key) : 0;
}

} // namespace lbd::dataplane
