// SPDX-License-Identifier: BSD-3-Clause
// What the model and the data plane are both told: a configuration, packets; and what both answer:
// what became of each packet, and counts by name.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "lb/dataplane/drop_reason.h"
#include "lb/dataplane/forwarding_table.h"

namespace lbd::model {

using dataplane::BackendSlot;
using dataplane::DropReason;
using dataplane::ServiceSlot;

// Of the services, ring and hash_table are the data plane's own, made by whoever publishes it.
struct Setting {
    std::vector<dataplane::ServiceEntry> services;
    std::vector<dataplane::BackendEntry> backends;
    std::vector<ServiceSlot> live;
};

enum class PacketKind : std::uint8_t {
    whole,
    first_fragment,
    later_fragment,
    icmp_error, // a router's, about a packet of the backend's to the client
    bad_checksum,
    wrong_mac,
    arp
};

// Addresses are numbers, of which a network has 256.
struct Packet {
    PacketKind kind = PacketKind::whole;
    bool ipv6 = false;
    std::uint8_t protocol = 0;
    std::uint8_t tcp_flags = 0;
    std::uint8_t ttl = 64;
    std::uint16_t client_port = 0;
    std::uint16_t vip_port = 0;
    std::uint16_t fragment_id = 0;
    std::uint32_t client = 0;
    std::uint32_t vip = 0;
};

// Numbers from here on are of virtual addresses.
constexpr std::uint32_t first_vip = 1 << 20;

struct Event {
    enum class Kind : std::uint8_t { forwarded, punted, dropped, answered };
    Kind kind;
    BackendSlot backend = dataplane::no_backend; // told by its MAC address
    dataplane::Forwarding method = dataplane::Forwarding::direct;
    DropReason reason = DropReason::none; // dropped, or answered and dropped
    auto operator<=>(const Event&) const = default;
};
using Events = std::vector<Event>;

// By name; what is not there is 0.
using Counts = std::map<std::string, std::uint64_t>;

std::string text(const Packet& packet);
std::string text(const Events& events);
// What differs, in words; empty if nothing does.
std::string difference(const Counts& model, const Counts& real);

} // namespace lbd::model
