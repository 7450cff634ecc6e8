// SPDX-License-Identifier: BSD-3-Clause
// Which slot of the data plane means which service and backend, what is known of each backend, and
// the forwarding table that follows from it. Control thread only; no device, no socket, no clock.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "config/config.h"
#include "lb/control/quorum.h"
#include "lb/control/slow_start.h"
#include "lb/control/table_plan.h"
#include "lb/dataplane/forwarding_table.h"

namespace lbd::control {

enum class Health { unknown, up, down };

struct BackendRecord {
    config::Backend config;
    dataplane::ServiceSlot service = 0;
    std::uint16_t generation = 0; // of the slot
    std::uint8_t interface = 0;   // by which it is reached: index into the networks
    dataplane::Tunnel tunnel{};
    bool in_slot = false;           // the slot is taken
    bool configured = false;        // no: removed, and kept for the flows that it still has
    std::uint64_t retired_with = 0; // generation of the table; 0: is not on the way out
    bool mac_known = false;
    std::optional<config::MacAddress> mac; // the last one known
    Health health = Health::unknown;
    std::optional<std::uint32_t> weight_by_hand{}; // overrides the configuration's
    bool disabled = false;                         // by hand: as if it were down
    SlowStart slow_start{};
    unsigned step = SlowStart::steps; // of its weight, in tenths
    // What the standing of its service makes of it.
    bool taken_for_up = false; // whatever its check says
    bool rests = false;        // takes no new connections, though it could

    std::uint32_t weight() const { return weight_by_hand.value_or(config.weight); }
    bool is_up() const { return (health == Health::up || taken_for_up) && !disabled; }
    // Could serve.
    bool is_live() const;
    bool takes_new_connections() const { return is_live() && !rests; }
    // To whom its packets are addressed: itself, or the router before it.
    const config::IpAddress& next_hop() const;
    // up, down, pending (not checked yet), no_mac, drained (weight 0), disabled, removed, standby
    // (the quorum is there), no_quorum or assumed_up (checks are ignored).
    std::string_view state() const;
};

struct ServiceRecord {
    config::Service config;
    bool in_slot = false;
    bool configured = false;
    std::uint32_t ring_version = 0;
    std::vector<dataplane::BackendSlot> ring;
    std::vector<dataplane::BackendSlot> backends; // configured ones, in the file's order
    Standing standing;
    bool warms_up = false; // a backend has less than its weight
};

class Roster {
  public:
    // Takes over what `config` says. Services and backends that were there before keep their slots
    // and what is known of them. Throws std::runtime_error, and changes nothing, if there are more
    // than the data plane has slots for.
    void adopt(const config::Config& config);

    // What health checks and the neighbour table say. True if the forwarding table changes by it.
    bool set_health(dataplane::BackendSlot slot, Health health);
    // The same address may be another host's on another interface.
    bool set_mac(std::size_t interface, const config::IpAddress& next_hop,
                 std::optional<config::MacAddress> mac);

    // What an operator wants of a backend until it is undone; reloads do not.
    struct ByHand {
        std::optional<std::uint32_t> weight;
        bool disabled = false;
    };
    // Of every configured backend with this address, in the service of this name or, if it is
    // empty, in all. Their slots.
    std::vector<dataplane::BackendSlot> set_by_hand(const config::IpAddress& address,
                                                    const std::string& service,
                                                    const ByHand& wanted);

    // Frees the slots of removed backends and services of which `in_use` says no. All workers must
    // have seen the last table. A backend's slot is free only after they have also seen one in
    // which it has another generation, so that nothing that peers tell gets in: true if that is to
    // be published.
    bool release(const std::function<bool(dataplane::BackendSlot)>& in_use);

    // The next forwarding table.
    TablePlan plan(SlowStart::Clock::time_point now = {});
    // Whether that changes by time alone.
    bool warms_up() const;

    // What has changed about quorums since this was called last.
    struct News {
        std::string service;
        std::optional<bool> quorum; // as it is now; nothing: that has not changed
        std::string text;           // for the log
        bool operator==(const News&) const = default;
    };
    std::vector<News> take_news();

    const std::vector<BackendRecord>& backends() const { return backends_; }
    const std::vector<ServiceRecord>& services() const { return services_; }
    std::uint64_t generation() const { return generation_; }

  private:
    using ServiceId = std::tuple<config::IpAddress, std::uint16_t, config::Protocol>;
    using BackendId = std::pair<dataplane::ServiceSlot, config::IpAddress>;

    void check_capacity(const config::Config& config) const;
    dataplane::ServiceSlot slot_for(const config::Service& service);
    dataplane::BackendSlot slot_for(dataplane::ServiceSlot service, const config::Backend& backend);
    void reach(BackendRecord& record, const std::vector<config::Network>& networks) const;
    void judge_standing_of(ServiceRecord& service);
    void warm_up(ServiceRecord& service, SlowStart::Clock::time_point now);
    std::uint32_t share_of(const ServiceRecord& service, const BackendRecord& record) const;
    void rebuild_ring(dataplane::ServiceSlot slot);
    dataplane::ServiceEntry entry_of(dataplane::ServiceSlot slot) const;
    TablePlan::Hash hash_of(const ServiceRecord& service) const;
    dataplane::FlowFate fate_of(const BackendRecord& record) const;
    bool keeps_persistence(const BackendRecord& record) const;
    dataplane::BackendEntry entry_of(const BackendRecord& record) const;

    std::map<ServiceId, dataplane::ServiceSlot> service_slots_;
    std::map<BackendId, dataplane::BackendSlot> backend_slots_;
    std::vector<ServiceRecord> services_;
    std::vector<BackendRecord> backends_;
    std::vector<News> news_;
    std::uint64_t generation_ = 0;
};

} // namespace lbd::control
