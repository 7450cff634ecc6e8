// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/sync/entry.h"

#include <algorithm>

namespace lbd::control::sync {

using dataplane::FlowEvent;
using dataplane::FlowState;

namespace {

constexpr std::uint8_t repeated_bit = 0x80;
constexpr std::uint8_t ipv6_flow = 1;
constexpr std::uint8_t ipv6_backend = 2;
constexpr dataplane::Tick longest_remaining = 604'800 * dataplane::ticks_per_second; // a week

template <typename Value>
void append(Bytes& bytes, const Value& value) { // is in network order already
    const auto* begin = reinterpret_cast<const std::uint8_t*>(&value);
    bytes.insert(bytes.end(), begin, begin + sizeof(value));
}

template <class Key>
void append_key(Bytes& bytes, const Key& key) {
    append(bytes, key.client_port);
    append(bytes, key.vip_port);
    append(bytes, key.client);
    append(bytes, key.vip);
}

template <typename Value>
void take(Reader& reader, Value& value) {
    const auto bytes = reader.take(sizeof(value));
    if (!bytes.empty()) std::memcpy(&value, bytes.data(), bytes.size());
}

template <class Key>
void take_key(Reader& reader, std::uint8_t protocol, FlowEvent& event) {
    Key key{};
    key.protocol = protocol;
    take(reader, key.client_port);
    take(reader, key.vip_port);
    take(reader, key.client);
    take(reader, key.vip);
    event.set_key(key);
}

} // namespace

void append_entry(Bytes& bytes, const FlowEvent& event, const config::IpAddress& backend) {
    const bool v6 = backend.family == config::IpAddress::Family::v6;
    const auto protocol = event.ipv6 ? event.key<dataplane::KeyV6>().protocol
                                     : event.key<dataplane::KeyV4>().protocol;
    put(bytes, static_cast<std::uint8_t>(static_cast<unsigned>(event.state) |
                                         (event.repeated ? repeated_bit : 0u)));
    put(bytes, protocol);
    put(bytes, static_cast<std::uint8_t>((event.ipv6 ? ipv6_flow : 0) | (v6 ? ipv6_backend : 0)));
    put(bytes, std::uint8_t{0});
    put(bytes, event.remaining);
    if (event.state == FlowEvent::end_of_pass) return;
    if (event.ipv6)
        append_key(bytes, event.key<dataplane::KeyV6>());
    else
        append_key(bytes, event.key<dataplane::KeyV4>());
    bytes.insert(bytes.end(), backend.bytes.begin(), backend.bytes.begin() + (v6 ? 16 : 4));
}

std::optional<Entry> read_entry(Reader& reader) {
    Entry entry;
    const auto kind = reader.get<std::uint8_t>();
    const auto protocol = reader.get<std::uint8_t>();
    const auto families = reader.get<std::uint8_t>();
    reader.get<std::uint8_t>();
    FlowEvent& event = entry.event;
    event.remaining = reader.get<std::uint32_t>();
    event.repeated = (kind & repeated_bit) != 0;
    const unsigned state = kind & ~repeated_bit;
    if (state >= dataplane::flow_state_names.size()) return std::nullopt;
    event.state = static_cast<FlowState>(state);
    if (event.state == FlowEvent::end_of_pass)
        return reader.complete() ? std::optional(entry) : std::nullopt;
    if (event.state == FlowState::syn_recv || event.remaining > longest_remaining)
        return std::nullopt;
    if ((families & ipv6_flow) != 0)
        take_key<dataplane::KeyV6>(reader, protocol, event);
    else
        take_key<dataplane::KeyV4>(reader, protocol, event);
    const bool v6 = (families & ipv6_backend) != 0;
    entry.backend.family = v6 ? config::IpAddress::Family::v6 : config::IpAddress::Family::v4;
    const auto address = reader.take(v6 ? 16 : 4);
    std::copy(address.begin(), address.end(), entry.backend.bytes.begin());
    return reader.complete() ? std::optional(entry) : std::nullopt;
}

} // namespace lbd::control::sync
