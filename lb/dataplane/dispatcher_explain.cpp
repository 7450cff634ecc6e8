// SPDX-License-Identifier: BSD-3-Clause
// What a dispatcher would decide. It asks what dispatcher.cpp asks, in the same order, and leaves
// everything as it is.
#include <netinet/in.h>

#include "lb/dataplane/course.h"
#include "lb/dataplane/dispatcher.h"
#include "lb/dataplane/explanation.h"

namespace lbd::dataplane {

namespace {

Because because_of(Discipline discipline) {
    switch (discipline) {
        case Discipline::ring:
            return Because::ring;
        case Discipline::least:
            return Because::least;
        case Discipline::weighted_least:
            return Because::weighted_least;
        case Discipline::hash:
            break;
    }
    return Because::hash;
}

Parsed with_flags(const Parsed& packet, std::uint8_t flags) {
    Parsed other = packet;
    other.tcp_flags = flags;
    return other;
}

// Of one worker, at one moment.
template <class Key>
class Foresight {
  public:
    Foresight(const Shared& shared, const FlowTable<Key>& flows,
              const PersistenceTable<Key>& persistence, const ForwardingTable& table, Tick now)
        : shared_(shared), flows_(flows), persistence_(persistence), table_(table), now_(now) {}

    // As Dispatcher::decide().
    Outlook of(const Parsed& packet) const {
        const Key& key = packet.key<Key>();
        const Flow<Key>* flow = flows_.find(key, flows_.hash(key));
        const Course course = course_of(table_, packet, flow, now_);
        Outlook outlook = along(course, key, flow);
        outlook.ends_flow = course.ends_flow;
        return outlook;
    }

    // As Dispatcher::bind(), for the client of a flow.
    Outlook binding(const ServiceEntry& service, const Key& key, const Leaving& leaving) const {
        const Key client = binding_key(service, key);
        const auto known = persistence_.view(table_, client, now_, leaving);
        const BackendSlot backend = persistence_.peek(table_, service, client,
                                                      consistent_hash(service, key), now_, leaving);
        Outlook outlook = chosen(service, key, backend);
        if (known && known->holds) outlook.because = Because::binding;
        return outlook;
    }

  private:
    Outlook along(const Course& course, const Key& key, const Flow<Key>* flow) const {
        switch (course.kind) {
            case Course::Kind::follow:
                return {{Verdict::Kind::forward, DropReason::none, flow->backend}, Because::flow};
            case Course::Kind::open:
                return open(*course.service, key, course.ends_flow ? leaving_of(*flow) : Leaving{});
            case Course::Kind::hash:
                return stateless(*course.service, key);
            case Course::Kind::drop:
                return {{Verdict::Kind::drop, course.reason}};
            case Course::Kind::reject:
                return {{Verdict::Kind::reject, course.reason}};
            case Course::Kind::punt:
                break;
        }
        return {{Verdict::Kind::punt}};
    }

    // As Dispatcher::open() and open_to().
    Outlook open(const ServiceEntry& service, const Key& key, const Leaving& leaving) const {
        if (service.limit != 0 &&
            !shared_.limiter.allows(shared_.hash_for_limit(service, key), service.limit, now_))
            return {{Verdict::Kind::drop, DropReason::client_limit}};
        Outlook outlook = to_somebody(service, key, leaving);
        const Verdict::Kind kind = outlook.verdict.kind;
        if (kind != Verdict::Kind::forward && kind != Verdict::Kind::ask_owner) return outlook;
        // A flow that goes leaves its place.
        const bool room = leaving.backend != no_backend || flows_.has_room(flows_.hash(key), now_);
        if (room) return outlook;
        Outlook without_room = stateless(service, key);
        if (kind == Verdict::Kind::ask_owner) { // who may name nobody
            without_room.verdict.kind = kind;
            without_room.verdict.owner = outlook.verdict.owner;
        }
        without_room.room = false;
        return without_room;
    }

    Outlook to_somebody(const ServiceEntry& service, const Key& key, const Leaving& leaving) const {
        if (service.persistence == 0)
            return chosen(service, key,
                          shared_.scheduler.peek(table_, service, scheduling_hash(service, key),
                                                 now_, leaving));
        const std::uint16_t owner = shared_.owner_of_client(service, key);
        if (owner == shared_.worker) return binding(service, key, leaving);
        return {{Verdict::Kind::ask_owner, DropReason::none, no_backend, owner}};
    }

    // `backend` is what the scheduler names.
    Outlook chosen(const ServiceEntry& service, const Key& key, BackendSlot backend) const {
        if (backend == no_backend) return {verdict_without_backend(service)};
        const LoadView& load = shared_.scheduler.load();
        Outlook outlook{{Verdict::Kind::forward, DropReason::none, backend},
                        because_of(service.discipline)};
        outlook.active = load.active(backend);
        outlook.inactive = load.inactive(backend);
        if (service.discipline == Discipline::hash &&
            backend != Scheduler::by_hash(service, consistent_hash(service, key)))
            outlook.because = Because::helped_out;
        return outlook;
    }

    // As Dispatcher::by_consistent_hash().
    static Outlook stateless(const ServiceEntry& service, const Key& key) {
        const BackendSlot backend = Scheduler::by_hash(service, consistent_hash(service, key));
        if (backend == no_backend) return {verdict_without_backend(service)};
        return {{Verdict::Kind::forward, DropReason::none, backend}, Because::stateless};
    }

    Leaving leaving_of(const Flow<Key>& flow) const {
        return {flow.backend, is_active(flow.state),
                flow.owner == shared_.worker ? flow.link : no_binding};
    }

    const Shared& shared_;
    const FlowTable<Key>& flows_;
    const PersistenceTable<Key>& persistence_;
    const ForwardingTable& table_;
    Tick now_;
};

} // namespace

template <class Key>
Explanation Dispatcher<Key>::explain(const ForwardingTable& table, const Parsed& packet,
                                     Tick now) const {
    const Foresight<Key> foresight(shared_, flows_, persistence_, table, now);
    const Key& key = packet.key<Key>();
    Explanation explanation;
    const Flow<Key>* flow = flows_.find(key, flows_.hash(key));
    if (flow != nullptr && !reached(flow->expires, now))
        explanation.flow = {flow->state, flow->backend, table.backend(flow->backend).fate,
                            flow->expires - now};
    if (const ServiceEntry* service = table.find(key); service != nullptr) {
        explanation.service = table.slot_of(*service);
        if (service->persistence != 0 && shared_.owner_of_client(*service, key) == shared_.worker)
            explanation.binding = persistence_.view(table, binding_key(*service, key), now);
    }
    const bool tcp = key.protocol == IPPROTO_TCP;
    explanation.opening = foresight.of(with_flags(packet, tcp ? RTE_TCP_SYN_FLAG : 0));
    if (tcp) explanation.later = foresight.of(with_flags(packet, RTE_TCP_ACK_FLAG));
    return explanation;
}

template <class Key>
Explanation Dispatcher<Key>::explain_binding(const ForwardingTable& table, const Parsed& packet,
                                             Tick now) const {
    const Key& key = packet.key<Key>();
    Explanation explanation;
    const ServiceEntry* service = table.find(key);
    if (service == nullptr || service->persistence == 0) return explanation;
    explanation.service = table.slot_of(*service);
    explanation.binding = persistence_.view(table, binding_key(*service, key), now);
    explanation.opening =
        Foresight<Key>(shared_, flows_, persistence_, table, now).binding(*service, key, {});
    return explanation;
}

template Explanation Dispatcher<KeyV4>::explain(const ForwardingTable&, const Parsed&, Tick) const;
template Explanation Dispatcher<KeyV6>::explain(const ForwardingTable&, const Parsed&, Tick) const;
template Explanation Dispatcher<KeyV4>::explain_binding(const ForwardingTable&, const Parsed&,
                                                        Tick) const;
template Explanation Dispatcher<KeyV6>::explain_binding(const ForwardingTable&, const Parsed&,
                                                        Tick) const;

} // namespace lbd::dataplane
