// SPDX-License-Identifier: BSD-3-Clause
#include "director.h"

#include <netinet/in.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "lb/dataplane/client_key.h"
#include "lb/dataplane/explanation.h"
#include "lb/dataplane/maglev.h"
#include "target.h"

namespace lbd::fuzz {

using namespace dataplane;

namespace {

constexpr Tick longest_timeout = 900 * ticks_per_second;

// What is large and shared is made once. The counts of flows, which decide something, are zero
// again at the end of each input; that others grow does not matter.
struct Common {
    std::array<WorkerCounters, workers> counters;
    std::array<ClientLimiter::Cells, workers> cells;
    bool limits = false; // cells may have been written
};

Common& common() {
    static const auto all = std::make_unique<Common>();
    return *all;
}

void forget_limits() {
    if (!std::exchange(common().limits, false)) return;
    for (auto& part : common().cells)
        for (auto& row : part.of)
            for (auto& cell : row) cell.store(0, std::memory_order_relaxed);
}

ServiceEntry service_of(Input& input, std::size_t number) {
    constexpr std::array<std::uint8_t, 3> protocols{IPPROTO_TCP, IPPROTO_UDP, IPPROTO_TCP};
    const std::uint8_t kind = input.byte();
    const std::uint8_t more = input.byte();
    ServiceEntry service;
    service.ipv6 = number >= services;
    service.vip = service.ipv6 ? Ipv6{0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10}
                               : Ipv6{192, 0, 2, 10};
    service.vip[service.ipv6 ? 15 : 3] += static_cast<std::uint8_t>(number % services / 3);
    service.protocol = protocols[number % 3];
    service.port = number % 3 == 2 ? rte_be16_t{0} : RTE_BE16(80);
    service.on_no_backend = static_cast<NoBackendPolicy>(kind & 1);
    service.on_unknown_tcp = static_cast<UnknownTcpPolicy>(kind >> 1 & 3);
    service.discipline = static_cast<Discipline>(kind >> 3 & 3);
    service.hashed = static_cast<Hashed>(kind >> 5 & 3);
    service.decrement_ttl = (kind & 0x80) != 0;
    service.persistence = (more & 1) != 0 ? 50 * ticks_per_second : 0;
    service.limit = (more & 2) != 0 ? 2 : 0;
    common().limits |= service.limit != 0;
    service.client_prefix = more >> 2 & 31;
    service.limit_prefix = service.ipv6 ? 64 : 24;
    service.timeouts.of = {0, 600, longest_timeout, 1200, 1200, 100, 3000, 0};
    return service;
}

BackendEntry backend_of(Input& input, std::size_t service) {
    const std::uint8_t kind = input.byte();
    BackendEntry backend;
    backend.service = static_cast<ServiceSlot>(service);
    backend.fate = static_cast<FlowFate>(kind & 3);
    backend.keeps_persistence = (kind & 4) != 0;
    backend.weight = 1 + (kind >> 3 & 1);
    backend.upper_threshold = (kind & 16) != 0 ? 2 : 0;
    backend.lower_threshold = backend.upper_threshold / 2;
    backend.tunnel.kind = static_cast<Forwarding>((kind >> 5) % 3);
    backend.tunnel.ipv6 = (kind & 0x80) != 0;
    backend.tunnel.gue_port = RTE_BE16(6080);
    backend.tunnel.local = {10, 0, 0, 1};
    backend.tunnel.remote = {10, 0, 0, 2};
    return backend;
}

// Those that take new connections, as TablePlan would have them.
void put_in_rotation(ServiceEntry& service, const std::vector<BackendEntry>& backends,
                     std::size_t first) {
    std::vector<MaglevMember> members;
    for (std::size_t slot = first; slot < backends.size(); ++slot) {
        if (backends[slot].fate != FlowFate::forward) continue;
        const auto number = static_cast<BackendSlot>(slot);
        service.members.push_back(number);
        service.ring.insert(service.ring.end(), backends[slot].weight, number);
        members.push_back({{number, backends[slot].weight}, 100u + slot});
    }
    service.hash_table = maglev_table(members);
}

} // namespace

std::unique_ptr<ForwardingTable> table_of(Input& input) {
    static std::uint32_t version = 0;
    std::vector<ServiceEntry> entries;
    std::vector<BackendEntry> backends;
    std::vector<ServiceSlot> live;
    const std::uint16_t gone = input.two();
    for (std::size_t number = 0; number < 2 * services; ++number) {
        ServiceEntry service = service_of(input, number);
        const std::size_t first = backends.size();
        for (std::size_t i = 0; i < backends_of_service; ++i)
            backends.push_back(backend_of(input, number));
        put_in_rotation(service, backends, first);
        service.ring_version = ++version;
        if ((gone >> number & 1) == 0) live.push_back(static_cast<ServiceSlot>(number));
        entries.push_back(std::move(service));
    }
    return std::make_unique<ForwardingTable>(std::move(entries), std::move(backends), live, 1);
}

Worker::Worker(std::uint16_t number)
    : counters_(common().counters[number]),
      scheduler_(number, counters_, {&common().counters[1u - number]}),
      limiter_({&common().cells[0], &common().cells[1]}, number),
      ipv4_(lines4_.memory(), {11, 13},
            {number, workers, {17, 19}, counters_, scheduler_, limiter_, releases_, journal_}),
      ipv6_(lines6_.memory(), {11, 13},
            {number, workers, {17, 19}, counters_, scheduler_, limiter_, releases_, journal_}) {}

Verdict Director::decide(const Parsed& parsed, std::uint32_t bytes) {
    const Verdict verdict =
        parsed.ipv6 ? decide<KeyV6>(parsed, bytes) : decide<KeyV4>(parsed, bytes);
    settle_releases();
    check_counters();
    return verdict;
}

template <class Key>
Verdict Director::decide(const Parsed& parsed, std::uint32_t bytes) {
    auto& dispatcher = workers_[0].dispatcher<Key>();
    const std::uint64_t hash = dispatcher.hash(parsed.key<Key>());
    if (parsed.kind == PacketClass::icmp_error)
        return dispatcher.follow_error(*table_, parsed.key<Key>(), hash, bytes, now_);
    const std::optional<Verdict> foreseen = foreseen_for<Key>(parsed);
    const Verdict verdict = decide_flow<Key>(parsed, hash, bytes);
    require(!foreseen || (verdict.kind == foreseen->kind && verdict.reason == foreseen->reason &&
                          verdict.backend == foreseen->backend),
            "what is explained is what happens");
    return verdict;
}

// What is said of the packet before it comes. Nothing if its flow ends by it, which counts at a
// threshold, and another worker is asked, which says what it would do while the flow is there.
template <class Key>
std::optional<Verdict> Director::foreseen_for(const Parsed& parsed) {
    const Explanation said = workers_[0].dispatcher<Key>().explain(*table_, parsed, now_);
    const bool other = said.later && !opens(parsed.tcp_flags);
    const Outlook& outlook = other ? *said.later : said.opening;
    if (outlook.verdict.kind != Verdict::Kind::ask_owner) return outlook.verdict;
    if (outlook.ends_flow) return std::nullopt;
    const Explanation told = workers_[1].dispatcher<Key>().explain_binding(*table_, parsed, now_);
    // Nobody in rotation is like that, unless the one worker has a later table than the other.
    const BackendSlot backend = told.opening.verdict.backend;
    if (backend != no_backend && !table_->backend(backend).keeps_persistence) return std::nullopt;
    return settled(outlook, told.opening).verdict;
}

template <class Key>
Verdict Director::decide_flow(const Parsed& parsed, std::uint64_t hash, std::uint32_t bytes) {
    auto& dispatcher = workers_[0].dispatcher<Key>();
    void* const line = dispatcher.prefetch(hash);
    dispatcher.prefetch_further(*table_, parsed, line);
    const BackendSlot steady = dispatcher.follow_steady(*table_, parsed, line, bytes, now_);
    if (steady != no_backend) return {Verdict::Kind::forward, DropReason::none, steady};
    const Verdict verdict = dispatcher.decide(*table_, parsed, hash, bytes, now_);
    if (verdict.kind != Verdict::Kind::ask_owner) return verdict;
    return ask_owner<Key>(parsed, hash, bytes, verdict.owner);
}

template <class Key>
Verdict Director::ask_owner(const Parsed& parsed, std::uint64_t hash, std::uint32_t bytes,
                            std::uint16_t owner) {
    require(owner == 1, "another worker is asked");
    const Key& key = parsed.key<Key>();
    const ServiceEntry* service = table_->find(key);
    require(service != nullptr && service->persistence != 0, "a binding is that of a service");
    const Bound bound = workers_[1].dispatcher<Key>().bind(*table_, *service, key, now_);
    const std::uint16_t generation =
        bound.backend == no_backend ? std::uint16_t{0} : table_->backend(bound.backend).generation;
    return workers_[0].dispatcher<Key>().decide_as_told(*table_, parsed, hash, bytes, now_,
                                                        {bound, generation, owner});
}

bool Director::import(const FlowEvent& event) {
    const bool taken = event.ipv6 ? workers_[0].dispatcher<KeyV6>().import(*table_, event, now_)
                                  : workers_[0].dispatcher<KeyV4>().import(*table_, event, now_);
    settle_releases();
    check_counters();
    return taken;
}

void Director::settle_releases() {
    for (Worker& worker : workers_)
        for (Releases& waiting = worker.releases(); !waiting.empty(); waiting.pop()) {
            const Release release = waiting.last();
            if (release.ipv6)
                workers_[release.owner].dispatcher<KeyV6>().persistence().release(release.binding);
            else
                workers_[release.owner].dispatcher<KeyV4>().persistence().release(release.binding);
        }
}

void Director::sweep() {
    constexpr std::size_t all_lines = 1024;
    for (Worker& worker : workers_) {
        worker.dispatcher<KeyV4>().sweep(*table_, all_lines, now_);
        worker.dispatcher<KeyV6>().sweep(*table_, all_lines, now_);
        settle_releases();
    }
}

// Flows by state and by backend are the same flows.
void Director::check_counters() const {
    for (const auto& counters : common().counters) {
        std::uint64_t of_backends = 0;
        for (std::size_t slot = 0; slot < 2 * services * backends_of_service; ++slot)
            of_backends +=
                counters.backends[slot].active.get() + counters.backends[slot].inactive.get();
        require(of_backends == counters.flows.get() + counters.flows6.get(),
                "the flows of all backends are all flows");
    }
}

void Director::end() {
    forget_limits();
    constexpr Tick beyond_all = 604'800 * ticks_per_second + 1; // a peer may say a week
    for (int round = 0; round < 2; ++round) { // flows end first, and then what they were bound by
        pass(beyond_all);
        sweep();
    }
    for (Worker& worker : workers_) {
        const auto& counters = worker.counters();
        require(worker.dispatcher<KeyV4>().flows().size() == 0 &&
                    worker.dispatcher<KeyV6>().flows().size() == 0,
                "every flow ends");
        require(counters.flows.get() == 0 && counters.flows6.get() == 0, "no flow is counted");
        require(counters.persistence_entries.get() == 0, "every binding ends with its last flow");
        for (std::size_t slot = 0; slot < 2 * services * backends_of_service; ++slot)
            require(counters.backends[slot].active.get() == 0 &&
                        counters.backends[slot].inactive.get() == 0 &&
                        counters.backends[slot].persistent.get() == 0,
                    "no backend has a flow left");
    }
}

} // namespace lbd::fuzz
