// SPDX-License-Identifier: BSD-3-Clause
#include "tests/quiet/scene.h"

#include <netinet/in.h>
#include <rte_eal.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_pause.h>
#include <unistd.h>

#include <cstdlib>

#include "lb/dataplane/maglev.h"
#include "lb/dataplane/schedule_ring.h"
#include "tests/quiet/watch.h"

namespace lbd::quiet {

using namespace dataplane;

namespace {

constexpr BackendSlot backends_each = 3;

ServiceEntry service_of(bool ipv6, std::uint8_t protocol) {
    ServiceEntry service;
    service.ipv6 = ipv6;
    service.protocol = protocol;
    service.port = RTE_BE16(80);
    if (ipv6) {
        service.vip[0] = 0xfd;
        service.vip[15] = 1;
    } else {
        service.vip = ForwardingTable::widened(RTE_BE32(0xc000020a));
    }
    service.timeouts.of.fill(20);
    service.ring_version = 1;
    return service;
}

void add_backends(ServiceEntry& service, ServiceSlot slot, std::vector<BackendEntry>& backends,
                  const BackendEntry& pattern) {
    std::vector<Weighted> weighted;
    std::vector<MaglevMember> members;
    for (BackendSlot i = 0; i < backends_each; ++i) {
        const auto number = static_cast<BackendSlot>(backends.size());
        backends.push_back(pattern);
        backends.back().service = slot;
        backends.back().fate = static_cast<FlowFate>(i); // forward, keep, reset
        service.members.push_back(number);
        weighted.push_back({number, 1});
        members.push_back({weighted.back(), number + 1u});
    }
    service.ring = smooth_ring(weighted);
    service.hash_table = maglev_table(members);
}

BackendEntry tunnel_to(const BackendEntry& pattern, Forwarding kind, bool ipv6) {
    BackendEntry backend = pattern;
    backend.tunnel.kind = kind;
    backend.tunnel.ipv6 = ipv6;
    backend.tunnel.gue_port = RTE_BE16(6080);
    backend.tunnel.local[0] = 10;
    backend.tunnel.remote[0] = 11;
    return backend;
}

} // namespace

std::unique_ptr<const ForwardingTable> mixed_table(const rte_ether_addr& mac,
                                                   std::uint16_t weight) {
    BackendEntry plain;
    plain.mac = mac;
    plain.keeps_persistence = true;
    plain.weight = weight;
    plain.upper_threshold = 5000;
    plain.lower_threshold = 4000;

    std::vector<ServiceEntry> services{
        service_of(false, IPPROTO_TCP), service_of(false, IPPROTO_UDP),
        service_of(true, IPPROTO_TCP), service_of(true, IPPROTO_UDP)};
    std::vector<BackendEntry> backends;
    services[0].persistence = 50;
    services[0].client_prefix = 24;
    services[0].hashed = Hashed::client_network;
    services[0].discipline = Discipline::weighted_least;
    services[0].on_unknown_tcp = UnknownTcpPolicy::reset;
    services[0].limit = 1000;
    services[0].limit_prefix = 16;
    add_backends(services[0], 0, backends, plain);
    add_backends(services[1], 1, backends, tunnel_to(plain, Forwarding::ipip, false));
    services[2].decrement_ttl = true;
    services[2].discipline = Discipline::least;
    services[2].on_unknown_tcp = UnknownTcpPolicy::schedule;
    add_backends(services[2], 2, backends, plain);
    services[3].discipline = Discipline::hash;
    services[3].hashed = Hashed::client_port;
    add_backends(services[3], 3, backends, tunnel_to(plain, Forwarding::gue, true));
    return std::make_unique<ForwardingTable>(std::move(services), std::move(backends),
                                             std::vector<ServiceSlot>{0, 1, 2, 3}, weight);
}

void WatchedThread::run() {
    if (rte_thread_register() != 0) std::abort();
    void* volatile first = std::malloc(10); // the C library sets the thread up for more
    std::free(first);
    trap_system_calls();
    step_ = Step::idle;
    for (;;) {
        if (step_ == Step::offend) {
            offend();
        } else if (step_ == Step::work) {
            watch_allocations(true);
            worker_.run(stop_);
            watch_allocations(false);
        } else {
            rte_pause();
            continue;
        }
        step_ = Step::idle;
    }
}

void WatchedThread::offend() {
    watch_allocations(true);
    void* volatile memory = std::malloc(10);
    std::free(memory);
    auto* volatile number = new int;
    delete number;
    void* volatile huge = rte_malloc("offence", 10, 0);
    rte_free(huge);
    huge = rte_zmalloc("offence", 10, 0);
    rte_free(huge);
    watch_allocations(false);
    syscall(SYS_getppid);
}

} // namespace lbd::quiet
