// SPDX-License-Identifier: BSD-3-Clause
#include "tests/model/specification.h"

#include <netinet/in.h>
#include <rte_tcp.h>

#include <algorithm>

namespace lbd::model {

using namespace dataplane;

namespace {

constexpr Time fragments_live = 5 * a_second;
constexpr std::size_t held_of_a_datagram = 64;

bool has(const Packet& packet, unsigned flag) {
    return packet.protocol == IPPROTO_TCP && (packet.tcp_flags & flag) != 0;
}

bool opens(const Packet& packet) {
    return has(packet, RTE_TCP_SYN_FLAG) && !has(packet, RTE_TCP_ACK_FLAG) &&
           !has(packet, RTE_TCP_RST_FLAG);
}

// IPVS, the INPUT-ONLY table.
FlowState state_after(FlowState state, const Packet& packet) {
    using enum FlowState;
    if (state == udp) return udp;
    if (has(packet, RTE_TCP_RST_FLAG)) return state == syn_recv ? syn_recv : close;
    if (has(packet, RTE_TCP_SYN_FLAG)) return state;
    if (has(packet, RTE_TCP_FIN_FLAG)) {
        if (state == established) return fin_wait;
        return state == syn_recv ? time_wait : state;
    }
    return has(packet, RTE_TCP_ACK_FLAG) && state == syn_recv ? established : state;
}

FlowState state_of_first(const Packet& packet) {
    using enum FlowState;
    if (packet.protocol != IPPROTO_TCP) return udp;
    if (has(packet, RTE_TCP_RST_FLAG)) return close;
    if (has(packet, RTE_TCP_SYN_FLAG)) return syn_recv;
    return has(packet, RTE_TCP_FIN_FLAG) ? fin_wait : established;
}

std::size_t length_of(const Packet& packet) {
    const std::size_t ip = packet.ipv6 ? 40 : 20;
    if (packet.kind == PacketKind::icmp_error) return 14 + ip + 8 + ip + 8;
    return 14 + ip + (packet.protocol == IPPROTO_TCP ? 20 : 8) + (packet.ipv6 ? 0 : 16);
}

} // namespace

Specification::Specification(const Room& ipv4, const Room& ipv6, Time start)
    : now_(start),
      families_{Family{Places<Flow>(ipv4), Places<Binding>(ipv4)},
                Family{Places<Flow>(ipv6), Places<Binding>(ipv6)}},
      balancing_([this](BackendSlot slot) {
          const std::string prefix = "backend " + std::to_string(slot) + ' ';
          return Balancing::Load{counts_[prefix + "active"], counts_[prefix + "inactive"]};
      }) {}

Events Specification::handle(const Packet& packet) {
    switch (packet.kind) {
        case PacketKind::bad_checksum:
            count("drop bad_ip_checksum");
            return {{Event::Kind::dropped, no_backend, {}, DropReason::bad_ip_checksum}};
        case PacketKind::wrong_mac:
            count("drop wrong_mac");
            return {{Event::Kind::dropped, no_backend, {}, DropReason::wrong_mac}};
        case PacketKind::arp:
            return {carry_out(packet, {Verdict::Kind::punt})};
        case PacketKind::first_fragment:
        case PacketKind::later_fragment:
            return handle_fragment(packet);
        case PacketKind::icmp_error:
            return {carry_out(packet, follow_error(packet))};
        case PacketKind::whole:
            break;
    }
    return {carry_out(packet, decide(packet))};
}

// The first fragment is decided about like any packet, the others go where it went. Those that
// come earlier wait for it.
Events Specification::handle_fragment(const Packet& packet) {
    if (!is_virtual(packet)) return {carry_out(packet, {Verdict::Kind::punt})};
    Events events;
    if (packet.kind == PacketKind::first_fragment) {
        const Verdict verdict = decide(packet);
        events.push_back(carry_out(packet, verdict));
        Datagram& datagram = datagram_of(packet);
        datagram.verdict = verdict;
        for (const Packet& held : datagram.held) {
            occasion("a held fragment follows its first");
            --held_or_lost_;
            count_forwarded(held, verdict);
            events.push_back(carry_out(held, verdict));
        }
        datagram.held.clear();
        return events;
    }
    Datagram& datagram = datagram_of(packet);
    if (datagram.verdict) {
        count_forwarded(packet, *datagram.verdict);
        events.push_back(carry_out(packet, *datagram.verdict));
    } else if (datagram.held.size() == held_of_a_datagram) {
        events.push_back(carry_out(packet, {Verdict::Kind::drop, DropReason::fragment_excess}));
    } else {
        datagram.held.push_back(packet);
        ++held_or_lost_;
    }
    return events;
}

Specification::Datagram& Specification::datagram_of(const Packet& packet) {
    const DatagramKey key{packet.client, packet.vip, packet.protocol, packet.fragment_id};
    datagrams_.expire(now_, [](const Datagram&) {});
    Datagram* found = datagrams_.find(key);
    if (found != nullptr) return *found;
    auto* place = datagrams_.place_for_new(now_);
    if (*place) occasion("a datagram gives way");
    *place = Datagram{key, now_ + fragments_live, {}, {}};
    return **place;
}

Specification::Verdict Specification::decide(const Packet& packet) {
    const FlowKey key{packet.client, packet.client_port, packet.vip, packet.vip_port,
                      packet.protocol};
    Flow* flow = family(packet).flows.find(key);
    if (flow != nullptr && flow->ended(now_)) {
        occasion("a flow ended before it was expired");
        forget(family(packet), key);
        flow = nullptr;
    }
    const Verdict verdict = flow != nullptr ? follow(packet, *flow) : without_flow(packet);
    count_forwarded(packet, verdict);
    return verdict;
}

Specification::Verdict Specification::follow(const Packet& packet, Flow& flow) {
    const Backend& backend = setting_->backends[flow.backend];
    const bool closing = flow.state == State::fin_wait || flow.state == State::time_wait ||
                         flow.state == State::close;
    if (closing && opens(packet)) { // the client's port is used again
        occasion("a port is used again");
        forget(family(packet), flow.key);
        return without_flow(packet);
    }
    if (backend.fate == FlowFate::forward || (backend.fate == FlowFate::keep && !opens(packet))) {
        if (backend.fate == FlowFate::keep) occasion("a flow is kept at a backend that is down");
        keep(flow, state_after(flow.state, packet));
        return {Verdict::Kind::forward, DropReason::none, flow.backend};
    }
    forget(family(packet), flow.key);
    if (backend.fate == FlowFate::reset && packet.protocol == IPPROTO_TCP && !opens(packet))
        return {Verdict::Kind::reject, DropReason::backend_down};
    occasion("a flow leaves its backend");
    return find(packet) == nullptr ? Verdict{Verdict::Kind::punt} : open(packet);
}

Specification::Verdict Specification::without_flow(const Packet& packet) {
    const Service* service = find(packet);
    if (service == nullptr) return {Verdict::Kind::punt};
    if (packet.client == packet.vip) return {Verdict::Kind::drop, DropReason::bad_source};
    if (packet.protocol != IPPROTO_TCP || opens(packet)) return open(packet);
    switch (service->on_unknown_tcp) {
        case UnknownTcpPolicy::hash:
            return by_consistent_hash(packet, *service);
        case UnknownTcpPolicy::drop:
            return {Verdict::Kind::drop, DropReason::unknown_connection};
        case UnknownTcpPolicy::reset:
            return {Verdict::Kind::reject, DropReason::unknown_connection};
        case UnknownTcpPolicy::schedule:
            break;
    }
    return open(packet);
}

Specification::Verdict Specification::open(const Packet& packet) {
    const Service& service = *find(packet);
    if (service.limit != 0 && !within_limit(packet, service))
        return {Verdict::Kind::drop, DropReason::client_limit};
    const auto slot = static_cast<ServiceSlot>(&service - setting_->services.data());
    const Bound bound =
        service.persistence != 0
            ? bind(packet, service)
            : Bound{balancing_.choose(*setting_, slot, by_hash(packet, service), now_), {}};
    if (bound.backend == no_backend) return nobody(service);
    auto* place = family(packet).flows.place_for_new(now_);
    if (place == nullptr) {
        occasion("flows are full");
        if (bound.binding) --family(packet).bindings.find(*bound.binding)->flows;
        return by_consistent_hash(packet, service);
    }
    if (*place) {
        occasion((*place)->ended(now_) ? "an ended flow gives way" : "a half-open flow gives way");
        let_go(family(packet), **place);
        if (!(*place)->ended(now_)) count("evicted");
    }
    const State state = state_of_first(packet);
    const Time timeout = service.timeouts.of[static_cast<std::size_t>(state)];
    *place = Flow{{packet.client, packet.client_port, packet.vip, packet.vip_port, packet.protocol},
                  state,
                  bound.backend,
                  now_ + timeout,
                  bound.binding};
    count(bound.backend, "connections");
    count("flows");
    count(bound.backend, name_of_activity(state));
    if (state == State::syn_recv) count(bound.backend, "opened");
    return {Verdict::Kind::forward, DropReason::none, bound.backend};
}

Specification::Verdict Specification::follow_error(const Packet& packet) {
    const FlowKey key{packet.client, packet.client_port, packet.vip, packet.vip_port,
                      packet.protocol};
    Flow* flow = family(packet).flows.find(key);
    Verdict verdict{Verdict::Kind::punt};
    const Service* service = find(packet);
    if (flow != nullptr && !flow->ended(now_) &&
        (setting_->backends[flow->backend].fate == FlowFate::forward ||
         setting_->backends[flow->backend].fate == FlowFate::keep))
        verdict = {Verdict::Kind::forward, DropReason::none, flow->backend};
    else if (service != nullptr)
        verdict = by_consistent_hash(packet, *service);
    count_forwarded(packet, verdict);
    return verdict;
}

Specification::Verdict Specification::by_consistent_hash(const Packet& packet,
                                                         const Service& service) {
    const BackendSlot backend = by_hash(packet, service);
    if (backend == no_backend) return nobody(service);
    count("stateless");
    return {Verdict::Kind::forward, DropReason::none, backend};
}

Specification::Verdict Specification::nobody(const Service& service) {
    count("service " + std::to_string(&service - setting_->services.data()) + " nobody");
    if (service.on_no_backend == NoBackendPolicy::reject)
        return {Verdict::Kind::reject, DropReason::rejected};
    return {Verdict::Kind::drop, DropReason::no_backend};
}

// A RST is not answered, nor is an error or a fragment that is not the first.
Event Specification::carry_out(const Packet& packet, const Verdict& verdict) {
    const bool may_be_answered =
        packet.kind == PacketKind::whole || packet.kind == PacketKind::first_fragment;
    const auto end = [&](DropReason reason, bool answered) {
        count("drop " + std::string(describe(reason).name));
        if (answered) count("answered");
        return Event{
            answered ? Event::Kind::answered : Event::Kind::dropped, no_backend, {}, reason};
    };
    switch (verdict.kind) {
        case Verdict::Kind::punt:
            count("punted");
            return {Event::Kind::punted};
        case Verdict::Kind::drop:
            return end(verdict.reason, false);
        case Verdict::Kind::reject:
            return end(verdict.reason, may_be_answered && !has(packet, RTE_TCP_RST_FLAG));
        case Verdict::Kind::forward:
            break;
    }
    const Backend& backend = setting_->backends[verdict.backend];
    if (setting_->services[backend.service].decrement_ttl && packet.ttl <= 1)
        return end(DropReason::ttl_expired, may_be_answered);
    return {Event::Kind::forwarded, verdict.backend, backend.tunnel.kind};
}

void Specification::count_forwarded(const Packet& packet, const Verdict& verdict) {
    if (verdict.kind != Verdict::Kind::forward) return;
    count(verdict.backend, "packets");
    count(verdict.backend, "bytes", static_cast<std::int64_t>(length_of(packet)));
}

} // namespace lbd::model
