// SPDX-License-Identifier: BSD-3-Clause
#include "tests/bench/subject.h"

#include <netinet/in.h>
#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_launch.h>

#include <chrono>
#include <new>
#include <stdexcept>
#include <thread>
#include <utility>

#include "lb/dataplane/maglev.h"
#include "lb/dataplane/schedule_ring.h"

namespace lbd::bench {

using namespace dataplane;

namespace {

constexpr BackendSlot backend_count = 8;

EalOptions eal_options(bool hugepages, unsigned megabytes, const unsigned* core) {
    EalOptions options;
    options.name = "bench-" + std::to_string(getpid());
    options.hugepages = hugepages;
    options.megabytes = megabytes;
    options.workers = 1;
    if (core != nullptr) options.worker_cores = {*core};
    options.virtual_devices = {"net_null0,copy=0,size=60"};
    return options;
}

PortSettings port_settings() {
    PortSettings settings;
    settings.device = "net_null0";
    settings.rx_descriptors = settings.tx_descriptors = 512;
    settings.packet_buffers = 4095;
    return settings;
}

std::uint16_t write_frames(std::uint16_t, std::uint16_t, rte_mbuf** packets, std::uint16_t count,
                           std::uint16_t, void* traffic) {
    static_cast<Traffic*>(traffic)->write(packets, count);
    return count;
}

std::unique_ptr<const ForwardingTable> forwarding_table(const ServiceSettings& settings,
                                                        const rte_ether_addr& mac) {
    ServiceEntry service;
    if (settings.ipv6) {
        service.vip[0] = 0xfd;
        service.vip[15] = 1;
    } else {
        service.vip = ForwardingTable::widened(RTE_BE32(0xc000020a));
    }
    service.ipv6 = settings.ipv6;
    service.port = RTE_BE16(80);
    service.protocol = settings.udp ? IPPROTO_UDP : IPPROTO_TCP;
    service.on_unknown_tcp = settings.on_unknown_tcp;
    service.persistence = settings.persistent ? 3600 * ticks_per_second : 0;
    service.hashed = settings.persistent ? Hashed::client_network : Hashed::tuple;
    service.timeouts.of.fill(settings.timeout);
    service.timeouts.of[static_cast<std::size_t>(FlowState::syn_recv)] = settings.syn_timeout;
    service.ring_version = 1;
    std::vector<BackendEntry> backends(backend_count);
    std::vector<Weighted> weighted;
    std::vector<MaglevMember> members;
    for (BackendSlot slot = 0; slot < backend_count; ++slot) {
        backends[slot].mac = mac;
        backends[slot].fate = FlowFate::forward;
        backends[slot].keeps_persistence = true;
        backends[slot].weight = 1;
        weighted.push_back({slot, 1});
        members.push_back({weighted.back(), slot + 1u});
        service.members.push_back(slot);
    }
    service.ring = smooth_ring(weighted);
    service.hash_table = maglev_table(members);
    return std::make_unique<ForwardingTable>(std::vector<ServiceEntry>{service},
                                             std::move(backends), std::vector<ServiceSlot>{0}, 1);
}

} // namespace

Bench::Bench(bool hugepages, unsigned megabytes, const unsigned* core)
    : eal_(eal_options(hugepages, megabytes, core)),
      port_(std::make_unique<Port>(port_settings())),
      traffic_(std::make_unique<Traffic>(port_->mac())) {
    callback_ = rte_eth_add_rx_callback(port_->id(), 0, write_frames, traffic_.get());
    if (callback_ == nullptr) throw std::runtime_error("DPDK was built without receive callbacks");
}

Bench::~Bench() = default;

template <class Key>
std::span<typename FlowTable<Key>::Line> Subject::memory_for(std::uint32_t entries) {
    using Line = typename FlowTable<Key>::Line;
    const std::size_t lines = FlowTable<Key>::lines_for(entries);
    void* memory = rte_zmalloc("flows", lines * sizeof(Line), sizeof(Line));
    if (memory == nullptr) throw std::bad_alloc();
    memory_.emplace_back(memory);
    return {static_cast<Line*>(memory), lines};
}

Subject::Subject(Bench& bench, const Sizes& sizes, const ServiceSettings& service, bool synchronise)
    : Subject(bench, sizes, forwarding_table(service, bench.port().mac()), synchronise) {}

Subject::Subject(Bench& bench, const Sizes& sizes, std::unique_ptr<const ForwardingTable> table,
                 bool synchronise)
    : counters_(std::make_unique<WorkerCounters>()),
      cells_(std::make_unique<ClientLimiter::Cells>()),
      to_host_(
          std::make_unique<PacketRing>(synchronise ? "bench-to-host-sync" : "bench-to-host", 1024)),
      channel_(synchronise ? std::make_unique<SyncChannel>() : nullptr) {
    WorkerSetup setup{};
    setup.flow_secret = {0x9e3779b97f4a7c15u, 0xd6e8feb86659fd93u};
    setup.owner_secret = {0xa0761d6478bd642fu, 0xe7037ed1a0b428dbu};
    setup.memory4 = {memory_for<KeyV4>(sizes.flows4), memory_for<KeyV4>(sizes.bindings4)};
    setup.memory6 = {memory_for<KeyV6>(sizes.flows6), memory_for<KeyV6>(sizes.bindings6)};
    setup.counters = counters_.get();
    setup.limits = {cells_.get()};
    setup.ports = {&bench.port()};
    setup.interfaces = {{&bench.port(), 0, 0, 1500, to_host_.get(), nullptr}};
    setup.neighbours = {{nullptr}, {nullptr}, {nullptr}, {nullptr}};
    setup.publication = &publication_;
    setup.sync = channel_.get();
    publication_.publish(std::move(table));
    worker_ = std::make_unique<Worker>(setup);
}

Subject::~Subject() = default;

void Subject::take_events() {
    std::array<FlowEvent, 256> events;
    const unsigned count = channel_->events.pop(events.data(), events.size());
    told_ += count;
    if (count == 0) std::this_thread::sleep_for(std::chrono::microseconds(200));
}

Measure Subject::run(std::uint64_t packets) {
    struct Launch {
        Worker* worker;
        std::atomic<bool> stop{false};
        static int start(void* self) {
            auto* launch = static_cast<Launch*>(self);
            launch->worker->run(launch->stop);
            return 0;
        }
    };
    Launch launch{worker_.get()};
    const std::uint64_t packets_before = counters_->received.get();
    const std::uint64_t cycles_before = counters_->cycles.get();
    rte_eal_remote_launch(&Launch::start, &launch, 1);
    while (counters_->received.get() - packets_before < packets) {
        if (channel_)
            take_events();
        else
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    launch.stop = true;
    rte_eal_wait_lcore(1);
    return {counters_->cycles.get() - cycles_before, counters_->received.get() - packets_before};
}

Measure run_macswap(Bench& bench, std::uint64_t packets) {
    struct Launch {
        std::uint16_t port;
        std::uint64_t wanted;
        Measure measure;
        static int start(void* self) {
            auto* launch = static_cast<Launch*>(self);
            launch->measure = launch->loop();
            return 0;
        }
        Measure loop() const {
            Measure result;
            const std::uint64_t begin = rte_rdtsc();
            while (result.packets < wanted) {
                std::array<rte_mbuf*, max_burst> burst;
                const std::uint16_t count = rte_eth_rx_burst(port, 0, burst.data(), max_burst);
                for (std::uint16_t i = 0; i < count; ++i) {
                    if (i + 4 < count) rte_prefetch0(rte_pktmbuf_mtod(burst[i + 4], void*));
                    auto* ethernet = rte_pktmbuf_mtod(burst[i], rte_ether_hdr*);
                    std::swap(ethernet->dst_addr, ethernet->src_addr);
                }
                const std::uint16_t sent = rte_eth_tx_burst(port, 0, burst.data(), count);
                rte_pktmbuf_free_bulk(burst.data() + sent, count - sent);
                result.packets += count;
            }
            result.cycles = rte_rdtsc() - begin;
            return result;
        }
    };
    Launch launch{bench.port().id(), packets, {}};
    rte_eal_remote_launch(&Launch::start, &launch, 1);
    rte_eal_wait_lcore(1);
    return launch.measure;
}

} // namespace lbd::bench
