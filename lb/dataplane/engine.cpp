// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/engine.h"

#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <sched.h>

#include <algorithm>
#include <random>
#include <stdexcept>

namespace lbd::dataplane {

namespace {

constexpr unsigned host_ring_size = 1024;
constexpr unsigned handoff_ring_size = 1024;

std::size_t table_bytes(std::uint32_t flows) {
    return FlowTable::lines_for(flows) * sizeof(FlowTable::Line);
}

HashSecret random_secret() {
    std::random_device source;
    const auto draw = [&source] { return std::uint64_t{source()} << 32 | source(); };
    return {draw() | 1, draw() | 1};
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
    for (const PortSettings& port : options.ports)
        bytes +=
            Port::buffers_for(port) *
            (std::max<std::size_t>(port.mtu + 256u, RTE_MBUF_DEFAULT_BUF_SIZE) + buffer_overhead);
    bytes += options.eal.workers *
             (table_bytes(options.flows) + table_bytes(options.persistence_entries));
    return static_cast<unsigned>((bytes + bytes / 8) >> 20);
}

void Engine::FreeHugepages::operator()(void* memory) const {
    rte_free(memory);
}

Engine::Engine(const EngineOptions& options) : eal_(with_memory(options)) {
    for (const PortSettings& port : options.ports) ports_.push_back(std::make_unique<Port>(port));
    const std::uint16_t workers = static_cast<std::uint16_t>(options.eal.workers);
    make_rings(workers);
    publication_ = std::make_unique<Publication>(workers);
    const HashSecret owner_secret = random_secret();
    for (std::uint16_t worker = 0; worker < workers; ++worker)
        workers_.push_back(std::make_unique<Worker>(setup_of(worker, options, owner_secret)));
}

Engine::~Engine() {
    stop();
}

void Engine::make_rings(std::size_t workers) {
    for (std::size_t port = 0; port < ports_.size(); ++port) {
        const std::string suffix = '-' + std::to_string(port);
        from_host_.push_back(std::make_unique<PacketRing>("from-host" + suffix, host_ring_size));
        for (std::size_t worker = 0; worker < workers; ++worker)
            to_host_.push_back(std::make_unique<PacketRing>(
                "to-host" + suffix + '-' + std::to_string(worker), host_ring_size));
    }
    for (std::size_t from = 0; from < workers; ++from)
        for (std::size_t to = 0; to < workers; ++to)
            handoff_.push_back(
                from == to ? nullptr
                           : std::make_unique<PacketRing>(
                                 "handoff-" + std::to_string(from) + '-' + std::to_string(to),
                                 handoff_ring_size));
}

std::span<FlowTable::Line> Engine::table_memory(std::uint32_t flows, unsigned worker) {
    // Near the ports, whose packets meet it: the first port's node stands for all.
    const int socket = ports_.empty() ? SOCKET_ID_ANY : rte_eth_dev_socket_id(ports_[0]->id());
    void* memory = rte_zmalloc_socket("flows", table_bytes(flows), sizeof(FlowTable::Line), socket);
    if (memory == nullptr)
        throw std::runtime_error("no memory for the " + std::to_string(flows) +
                                 " flows of worker " + std::to_string(worker) +
                                 ": give it more hugepages, or less `memory: {flows: ...}`");
    tables_.emplace_back(static_cast<FlowTable::Line*>(memory));
    return {tables_.back().get(), FlowTable::lines_for(flows)};
}

WorkerSetup Engine::setup_of(std::uint16_t worker, const EngineOptions& options,
                             const HashSecret& owner_secret) {
    const auto workers = static_cast<std::uint16_t>(options.eal.workers);
    WorkerSetup setup{};
    setup.dispatcher.worker = worker;
    setup.dispatcher.workers = workers;
    setup.dispatcher.flow_lines = table_memory(options.flows, worker);
    setup.dispatcher.persistence_lines = table_memory(options.persistence_entries, worker);
    setup.dispatcher.flow_secret = random_secret();
    setup.dispatcher.owner_secret = owner_secret;
    for (std::size_t port = 0; port < ports_.size(); ++port)
        setup.ports.push_back({ports_[port].get(), to_host_[port * workers + worker].get(),
                               worker == 0 ? from_host_[port].get() : nullptr});
    for (std::size_t other = 0; other < workers; ++other) {
        setup.handoff_in.push_back(handoff_[other * workers + worker].get());
        setup.handoff_out.push_back(handoff_[worker * workers + other].get());
    }
    setup.publication = publication_.get();
    setup.sleep_when_idle = options.sleep_when_idle;
    return setup;
}

void Engine::start() {
    struct Launch {
        static int run(void* engine) {
            auto& self = *static_cast<Engine*>(engine);
            self.workers_[rte_lcore_id() - 1]->run(self.stopping_);
            return 0;
        }
    };
    stopping_ = false;
    for (std::size_t worker = 0; worker < workers_.size(); ++worker) {
        const unsigned lcore = eal_.worker_lcore(static_cast<unsigned>(worker));
        if (rte_eal_remote_launch(&Launch::run, this, lcore) != 0)
            throw std::runtime_error("worker " + std::to_string(worker) + " does not start");
    }
    running_ = true;
}

void Engine::stop() {
    if (!running_) return;
    stopping_ = true;
    rte_eal_mp_wait_lcore();
    running_ = false;
}

unsigned Engine::worker_core(std::size_t index) const {
    const rte_cpuset_t cores = rte_lcore_cpuset(eal_.worker_lcore(static_cast<unsigned>(index)));
    for (unsigned core = 0; core < CPU_SETSIZE; ++core)
        if (CPU_ISSET(core, &cores)) return core;
    return 0;
}

} // namespace lbd::dataplane
