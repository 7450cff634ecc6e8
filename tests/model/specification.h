// SPDX-License-Identifier: BSD-3-Clause
// What lbd does with a packet, written to be read and not to be fast: one worker, no
// memory to save. Time is a number that never wraps. Nothing here is taken from lb/dataplane but
// types of the configuration and, for sh and mh, the consistent hash, whose tables have tests of
// their own.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

#include "tests/model/balancing.h"
#include "tests/model/description.h"
#include "tests/model/places.h"

namespace lbd::model {

inline constexpr Time a_second = 10;

// The counter that holds the connections of that state.
inline const char* name_of_activity(dataplane::FlowState state) {
    return state == dataplane::FlowState::established ? "active" : "inactive";
}

class Specification {
  public:
    // Each family's flows and bindings have such a room.
    Specification(const Room& ipv4, const Room& ipv6, Time start);

    // The setting outlives its being current.
    void configure(const Setting& setting) { setting_ = &setting; }
    void pass(Time ticks) { now_ += ticks; }
    // Forgets what has ended, as is done a little at a time, at the latest seconds later.
    void expire();
    // What becomes of the packet, and of others that waited for it.
    Events handle(const Packet& packet);

    const Counts& counts() const { return counts_; }
    // How often it came to what is rare: to see that nothing stays untested.
    const Counts& occasions() const { return occasions_; }
    // Later fragments whose first may still come, and those for which it was too late.
    std::uint64_t held_or_lost() const { return held_or_lost_; }

  private:
    using State = dataplane::FlowState;
    using Service = dataplane::ServiceEntry;
    using Backend = dataplane::BackendEntry;
    using FlowKey =
        std::tuple<std::uint32_t, std::uint16_t, std::uint32_t, std::uint16_t, std::uint8_t>;
    // Client network, VIP, port and protocol of the service.
    using BindingKey = std::tuple<std::uint32_t, std::uint32_t, std::uint16_t, std::uint8_t>;

    struct Flow {
        FlowKey key;
        State state;
        BackendSlot backend;
        Time end;
        std::optional<BindingKey> binding;
        bool ended(Time now) const { return end <= now; }
        bool half_open() const { return state == State::syn_recv; }
    };
    struct Binding {
        BindingKey key;
        BackendSlot backend;
        Time end;
        unsigned flows = 0;
        bool ended(Time now) const { return end <= now && flows == 0; }
        static bool half_open() { return false; }
    };
    struct Family {
        Places<Flow> flows;
        Places<Binding> bindings;
        std::map<BindingKey, std::map<Time, std::uint64_t>> admitted{}; // by client and second
    };
    struct Verdict {
        enum class Kind { forward, punt, drop, reject } kind;
        DropReason reason = DropReason::none;
        BackendSlot backend = dataplane::no_backend;
    };
    struct Bound {
        BackendSlot backend = dataplane::no_backend;
        std::optional<BindingKey> binding;
    };
    using DatagramKey = std::tuple<std::uint32_t, std::uint32_t, std::uint8_t, std::uint16_t>;
    struct Datagram {
        DatagramKey key;
        Time end;
        std::optional<Verdict> verdict; // of the first fragment
        std::vector<Packet> held;
        bool ended(Time now) const { return end <= now; }
        static bool half_open() { return true; } // any gives way to a new one
    };

    // A packet's way.
    Events handle_fragment(const Packet& packet);
    Datagram& datagram_of(const Packet& packet);
    Verdict decide(const Packet& packet);
    Verdict follow(const Packet& packet, Flow& flow);
    Verdict without_flow(const Packet& packet);
    Verdict open(const Packet& packet);
    Verdict follow_error(const Packet& packet);
    Verdict by_consistent_hash(const Packet& packet, const Service& service);
    Verdict nobody(const Service& service);
    Event carry_out(const Packet& packet, const Verdict& verdict);
    void count_forwarded(const Packet& packet, const Verdict& verdict);

    // Flows and bindings.
    Bound bind(const Packet& packet, const Service& service);
    void keep(Flow& flow, State state);
    void forget(Family& family, const FlowKey& key);
    void let_go(Family& family, const Flow& flow);
    bool within_limit(const Packet& packet, const Service& service);

    Family& family(const Packet& packet) { return families_[packet.ipv6 ? 1 : 0]; }
    const Service* find(const Packet& packet) const;
    bool is_virtual(const Packet& packet) const;
    BackendSlot by_hash(const Packet& packet, const Service& service) const;
    void count(BackendSlot backend, const char* what, std::int64_t amount = 1);
    void count(const std::string& what, std::int64_t amount = 1) {
        counts_[what] += static_cast<std::uint64_t>(amount);
    }

    const Setting* setting_ = nullptr;
    Time now_;
    std::array<Family, 2> families_;
    Balancing balancing_;
    Places<Datagram> datagrams_{{8, 8}};
    std::uint64_t held_or_lost_ = 0;
    void occasion(const char* what) { ++occasions_[what]; }
    Counts counts_;
    Counts occasions_;
};

} // namespace lbd::model
