// SPDX-License-Identifier: BSD-3-Clause
#include "tests/model/director.h"

#include <algorithm>

#include "lb/dataplane/maglev.h"
#include "lb/dataplane/schedule_ring.h"

namespace lbd::model {

using namespace dataplane;

namespace {

// After so many turns in one tick the tables of a test have been swept whole.
constexpr int turns_of_sweep = 3;
// All cells of the limiter, and datagrams, have been looked at after so many ticks.
constexpr std::uint64_t ticks_of_house = 1100;

constexpr auto lost = static_cast<std::size_t>(DropReason::fragment_lost);

} // namespace

void publish(Setting& setting, Publication& publication) {
    for (ServiceEntry& service : setting.services) {
        std::vector<Weighted> weighted;
        std::vector<MaglevMember> members;
        for (const BackendSlot slot : service.members) {
            weighted.push_back({slot, setting.backends[slot].weight});
            members.push_back({weighted.back(), 100u + slot});
        }
        auto ring = smooth_ring(weighted);
        if (ring != service.ring || service.ring_version == 0) ++service.ring_version;
        service.ring = std::move(ring);
        service.hash_table = maglev_table(members);
    }
    publication.publish(
        std::make_unique<ForwardingTable>(setting.services, setting.backends, setting.live, 1));
    publication.reclaim();
}

Director::Director(Device& device, const Memory& memory, Tick start)
    : device_(device),
      flows4_(memory.lines4),
      bindings4_(memory.lines4),
      flows6_(memory.lines6),
      bindings6_(memory.lines6) {
    WorkerSetup setup{};
    setup.flow_secret = {0x9e3779b97f4a7c15u, 0xd6e8feb86659fd93u};
    setup.owner_secret = {0xa0761d6478bd642fu, 0xe7037ed1a0b428dbu};
    setup.memory4 = {flows4_, bindings4_};
    setup.memory6 = {flows6_, bindings6_};
    setup.fragments = 8;
    setup.counters = &counters_;
    setup.limits = shared_.limits();
    setup.ports = {&device.port()};
    setup.interfaces = {{&device.port(), 0, 0, 1500, &device.to_host(), nullptr}};
    setup.neighbours = {{nullptr}, {nullptr}, {nullptr}, {nullptr}};
    setup.publication = &publication_;
    setup.clock = TickClock(cycles_per_tick * ticks_per_second, cycles_, start);
    publication_.enter(0);
    worker_ = std::make_unique<Worker>(setup);
    drops_before_ = drops();
}

Director::~Director() {
    publication_.leave(0);
}

void Director::configure(Setting& setting) {
    publish(setting, publication_);
}

void Director::turn(std::uint64_t ticks) {
    cycles_ += ticks * cycles_per_tick;
    worker_->turn(cycles_);
}

Events Director::handle(const Packet& packet) {
    device_.give(packet);
    turn(0);
    return happened();
}

Events Director::pass(std::uint64_t ticks, const Packet* packet) {
    if (expires_before(ticks)) {
        turn(ticks - ticks_of_house);
        for (std::uint64_t i = 1; i < ticks_of_house; ++i) turn(1);
        ticks = 1;
    }
    if (packet != nullptr) device_.give(*packet);
    turn(ticks);
    Events events = happened();
    for (int i = 1; i < turns_of_sweep; ++i) turn(0);
    return events;
}

bool Director::expires_before(std::uint64_t ticks) {
    return ticks > 2 * ticks_of_house;
}

std::vector<std::uint64_t> Director::drops() const {
    std::vector<std::uint64_t> all;
    for (const Counter& reason : counters_.drops) all.push_back(reason.get());
    return all;
}

// An answer goes back to where the packet came from, and counts as a drop, too.
std::optional<Event> Director::event_of(const std::vector<std::uint8_t>& frame) const {
    rte_ether_hdr ethernet;
    std::memcpy(&ethernet, frame.data(), sizeof(ethernet));
    if (rte_is_same_ether_addr(&ethernet.dst_addr, &test::client_mac) != 0) return std::nullopt;
    Event event{Event::Kind::forwarded};
    event.backend = static_cast<BackendSlot>(ethernet.dst_addr.addr_bytes[4] << 8 |
                                             ethernet.dst_addr.addr_bytes[5]);
    const bool ipv4 = ethernet.ether_type == test::be(RTE_ETHER_TYPE_IPV4);
    const std::uint8_t* ip = frame.data() + sizeof(ethernet);
    const std::uint8_t next = ipv4 ? ip[9] : ip[6];
    const std::uint8_t* l4 = ip + (ipv4 ? 20 : 40);
    if (next == IPPROTO_IPIP || next == IPPROTO_IPV6)
        event.method = Forwarding::ipip;
    else if (next == IPPROTO_UDP && l4[2] == 6080 >> 8 && l4[3] == (6080 & 0xff))
        event.method = Forwarding::gue;
    return event;
}

Events Director::happened() {
    Events events;
    std::uint64_t answers = 0;
    for (const auto& frame : device_.take()) {
        const auto event = event_of(frame);
        if (event)
            events.push_back(*event);
        else
            ++answers;
    }
    rte_mbuf* punted = nullptr;
    while (device_.to_host().pop(&punted, 1) == 1) {
        events.push_back({Event::Kind::punted});
        rte_pktmbuf_free(punted);
    }
    const auto now = drops();
    for (std::size_t reason = 0; reason < now.size(); ++reason) {
        if (reason == lost) continue; // comes with time, not with a packet
        for (std::uint64_t i = drops_before_[reason]; i < now[reason]; ++i) {
            const bool answered = answers != 0;
            answers -= answered ? 1 : 0;
            events.push_back({answered ? Event::Kind::answered : Event::Kind::dropped,
                              no_backend,
                              {},
                              static_cast<DropReason>(reason)});
        }
    }
    drops_before_ = now;
    return events;
}

Counts Director::counts() const {
    Counts counts{{"flows", counters_.flows.get() + counters_.flows6.get()},
                  {"bindings", counters_.persistence_entries.get()},
                  {"evicted", counters_.evicted.get()},
                  {"stateless", counters_.stateless.get()},
                  {"punted", counters_.punted.get()},
                  {"answered", counters_.answered.get()}};
    for (std::size_t reason = 0; reason < counters_.drops.size(); ++reason)
        if (reason != lost)
            counts["drop " + std::string(drop_reason_texts[reason].name)] =
                counters_.drops[reason].get();
    for (std::size_t slot = 0; slot < 64; ++slot) {
        const BackendCounters& backend = counters_.backends[slot];
        const std::string prefix = "backend " + std::to_string(slot) + ' ';
        counts[prefix + "packets"] = backend.packets.get();
        counts[prefix + "bytes"] = backend.bytes.get();
        counts[prefix + "connections"] = backend.connections.get();
        counts[prefix + "active"] = backend.active.get();
        counts[prefix + "inactive"] = backend.inactive.get();
        counts[prefix + "persistent"] = backend.persistent.get();
        counts[prefix + "opened"] = backend.opened.get();
        counts[prefix + "confirmed"] = backend.confirmed.get();
        counts["service " + std::to_string(slot) + " nobody"] = counters_.service_drops[slot].get();
    }
    return counts;
}

std::uint64_t Director::held_or_lost() const {
    return counters_.fragments_held.get() + counters_.drops[lost].get();
}

} // namespace lbd::model
