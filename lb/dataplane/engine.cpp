// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/engine.h"

#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_pause.h>
#include <sched.h>

#include <algorithm>
#include <random>
#include <stdexcept>

#include "lb/dataplane/ring_sizes.h"

namespace lbd::dataplane {

namespace {

constexpr unsigned release_ring_size = 4096;

template <class Key>
std::size_t table_bytes(std::uint32_t entries) {
    return FlowTable<Key>::lines_for(entries) * sizeof(typename FlowTable<Key>::Line);
}

template <class Key>
std::size_t table_bytes(const TableSizes& sizes) {
    return table_bytes<Key>(sizes.flows) + table_bytes<Key>(sizes.persistence);
}

HashSecret random_secret() {
    std::random_device source;
    const auto draw = [&source] { return std::uint64_t{source()} << 32 | source(); };
    return {draw() | 1, draw() | 1};
}

unsigned networks_of(std::size_t port, const std::vector<InterfaceOptions>& interfaces) {
    return static_cast<unsigned>(std::count_if(
        interfaces.begin(), interfaces.end(),
        [port](const InterfaceOptions& interface) { return interface.port == port; }));
}

std::vector<PortSettings> ports_with_rings(const EngineOptions& options) {
    std::vector<PortSettings> ports = options.ports;
    for (std::size_t port = 0; port < ports.size(); ++port)
        ports[port].waiting =
            waiting_packets(networks_of(port, options.interfaces), options.eal.workers);
    return ports;
}

EalOptions with_memory(const EngineOptions& options) {
    EalOptions eal = options.eal;
    if (!eal.hugepages && eal.megabytes == 0) eal.megabytes = megabytes_for(options);
    return eal;
}

} // namespace

unsigned megabytes_for(const EngineOptions& options) {
    constexpr std::size_t buffer_overhead = sizeof(rte_mbuf) + 256;
    constexpr std::size_t slack = std::size_t{64} << 20; // rings, devices, DPDK's own
    std::size_t bytes = slack;
    for (const PortSettings& port : ports_with_rings(options))
        bytes +=
            Port::buffers_for(port) *
            (std::max<std::size_t>(port.mtu + 256u, RTE_MBUF_DEFAULT_BUF_SIZE) + buffer_overhead);
    bytes +=
        options.eal.workers * (table_bytes<KeyV4>(options.ipv4) + table_bytes<KeyV6>(options.ipv6));
    return static_cast<unsigned>((bytes + bytes / 8) >> 20);
}

void Engine::FreeHugepages::operator()(void* memory) const {
    rte_free(memory);
}

Engine::Engine(const EngineOptions& options)
    : eal_(with_memory(options)),
      worker_count_(static_cast<std::uint16_t>(options.eal.workers)),
      owner_secret_(random_secret()),
      interfaces_(options.interfaces) {
    const HashSecret steering_secret = random_secret();
    for (PortSettings& port : ports_with_rings(options)) {
        port.steering_secret = steering_secret;
        ports_.push_back(std::make_unique<Port>(port));
    }
    make_rings();
    publication_ = std::make_unique<Publication>(worker_count_);
    for (std::uint16_t worker = 0; worker < worker_count_; ++worker) {
        counters_.push_back(std::make_unique<WorkerCounters>());
        limits_.push_back(std::make_unique<ClientLimiter::Cells>());
        if (options.synchronise) sync_.push_back(std::make_unique<SyncChannel>());
    }
    for (std::uint16_t worker = 0; worker < worker_count_; ++worker)
        workers_.push_back(std::make_unique<Worker>(setup_of(worker, options)));
}

Engine::~Engine() {
    stop();
}

void Engine::make_rings() {
    const auto numbered = [](const char* name, std::size_t first, std::size_t second) {
        return std::string(name) + '-' + std::to_string(first) + '-' + std::to_string(second);
    };
    for (std::size_t interface = 0; interface < interfaces_.size(); ++interface) {
        const unsigned size = host_ring_size(networks_of(interfaces_[interface].port, interfaces_));
        from_host_.push_back(
            std::make_unique<PacketRing>(numbered("from-host", interface, 0), size));
        for (std::size_t worker = 0; worker < worker_count_; ++worker)
            to_host_.push_back(
                std::make_unique<PacketRing>(numbered("to-host", interface, worker), size));
    }
    for (std::size_t from = 0; from < worker_count_; ++from) {
        for (std::size_t to = 0; to < worker_count_; ++to) {
            handoff_.push_back(from == to ? nullptr
                                          : std::make_unique<PacketRing>(
                                                numbered("handoff", from, to), handoff_ring_size));
            releases_.push_back(from == to ? nullptr
                                           : std::make_unique<ReleaseRing>(release_ring_size));
        }
    }
}

template <class Key>
std::span<typename FlowTable<Key>::Line> Engine::table_memory(std::uint32_t entries,
                                                              unsigned worker) {
    using Line = typename FlowTable<Key>::Line;
    // Near the ports, whose packets meet it: the first port's node stands for all.
    const int socket = ports_.empty() ? SOCKET_ID_ANY : rte_eth_dev_socket_id(ports_[0]->id());
    void* memory = rte_zmalloc_socket("flows", table_bytes<Key>(entries), sizeof(Line), socket);
    if (memory == nullptr)
        throw std::runtime_error("no memory for the " + std::to_string(entries) +
                                 " flows of worker " + std::to_string(worker) +
                                 ": give it more hugepages, or less `memory: {flows: ...}`");
    tables_.emplace_back(memory);
    return {static_cast<Line*>(memory), FlowTable<Key>::lines_for(entries)};
}

std::vector<Interface> Engine::interfaces_of(std::uint16_t worker) const {
    std::vector<Interface> interfaces;
    for (std::size_t index = 0; index < interfaces_.size(); ++index) {
        const InterfaceOptions& options = interfaces_[index];
        interfaces.push_back({ports_[options.port].get(), options.port, options.vlan, options.mtu,
                              to_host_[index * worker_count_ + worker].get(),
                              worker == 0 ? from_host_[index].get() : nullptr});
    }
    return interfaces;
}

Neighbourhood Engine::neighbourhood_of(std::size_t worker) const {
    Neighbourhood neighbourhood;
    for (std::size_t other = 0; other < worker_count_; ++other) {
        const std::size_t in = other * worker_count_ + worker;
        const std::size_t out = worker * worker_count_ + other;
        neighbourhood.packets_in.push_back(handoff_[in].get());
        neighbourhood.packets_out.push_back(handoff_[out].get());
        neighbourhood.releases_in.push_back(releases_[in].get());
        neighbourhood.releases_out.push_back(releases_[out].get());
    }
    return neighbourhood;
}

WorkerSetup Engine::setup_of(std::uint16_t worker, const EngineOptions& options) {
    WorkerSetup setup{};
    setup.worker = worker;
    setup.workers = worker_count_;
    setup.flow_secret = random_secret();
    setup.owner_secret = owner_secret_;
    setup.memory4 = {table_memory<KeyV4>(options.ipv4.flows, worker),
                     table_memory<KeyV4>(options.ipv4.persistence, worker)};
    setup.memory6 = {table_memory<KeyV6>(options.ipv6.flows, worker),
                     table_memory<KeyV6>(options.ipv6.persistence, worker)};
    setup.fragments = options.fragments;
    setup.counters = counters_[worker].get();
    for (std::uint16_t other = 0; other < worker_count_; ++other) {
        if (other != worker) setup.others.push_back(counters_[other].get());
        setup.limits.push_back(limits_[other].get());
    }
    for (const auto& port : ports_) setup.ports.push_back(port.get());
    setup.interfaces = interfaces_of(worker);
    setup.neighbours = neighbourhood_of(worker);
    setup.publication = publication_.get();
    if (options.synchronise) setup.sync = sync_[worker].get();
    setup.sleep_when_idle = options.sleep_when_idle;
    return setup;
}

void Engine::start() {
    struct Launch {
        static int run(void* engine) {
            auto& self = *static_cast<Engine*>(engine);
            self.workers_[rte_lcore_id() - 1]->run(self.stopping_);
            self.ended_.fetch_add(1, std::memory_order_release);
            return 0;
        }
    };
    stopping_ = false;
    for (std::size_t worker = 0; worker < workers_.size(); ++worker) {
        const unsigned lcore = eal_.worker_lcore(static_cast<unsigned>(worker));
        if (rte_eal_remote_launch(&Launch::run, this, lcore) != 0)
            throw std::runtime_error("worker " + std::to_string(worker) + " does not start");
        ++launched_;
    }
}

void Engine::stop() {
    if (launched_ == 0) return;
    stopping_ = true;
    rte_eal_mp_wait_lcore();
    // They have ended. This orders what they wrote before what is destroyed next, in terms that
    // ThreadSanitizer knows, which does not see into DPDK.
    while (ended_.load(std::memory_order_acquire) != launched_) rte_pause();
    launched_ = 0;
    ended_ = 0;
}

unsigned Engine::worker_core(std::size_t index) const {
    const rte_cpuset_t cores = rte_lcore_cpuset(eal_.worker_lcore(static_cast<unsigned>(index)));
    for (unsigned core = 0; core < CPU_SETSIZE; ++core)
        if (CPU_ISSET(core, &cores)) return core;
    return 0;
}

} // namespace lbd::dataplane
