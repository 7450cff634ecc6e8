// SPDX-License-Identifier: BSD-3-Clause
// What must hold whatever workers hand to each other, and whatever of it finds no room.
#include <netinet/in.h>
#include <rte_tcp.h>

#include <array>
#include <map>
#include <random>

#include "tests/model/crew.h"
#include "tests/unit/catch.h"

namespace lbd::model {

using namespace dataplane;

namespace {

constexpr std::uint16_t workers = 3;
constexpr std::uint32_t clients = 40;
constexpr std::size_t backends_of_service = 4;
constexpr Tick persistence = 300 * ticks_per_second;

Device& device() {
    static Device device(workers);
    return device;
}

// For each family a TCP and a UDP service, each with an address of its own, and persistence.
Setting setting() {
    Setting setting;
    for (std::uint32_t number = 0; number < 4; ++number) {
        ServiceEntry service;
        service.ipv6 = number >= 2;
        service.vip =
            service.ipv6
                ? test::Scene<KeyV6>::address(first_vip + number)
                : ForwardingTable::widened(test::Scene<KeyV4>::address(first_vip + number));
        service.protocol = number % 2 == 0 ? IPPROTO_TCP : IPPROTO_UDP;
        service.port = test::be(80);
        service.timeouts = test::ipvs_timeouts();
        service.on_unknown_tcp = UnknownTcpPolicy::drop;
        service.persistence = persistence;
        service.client_prefix = service.ipv6 ? 128 : 32;
        for (std::size_t i = 0; i < backends_of_service; ++i) {
            const auto slot = static_cast<std::uint8_t>(setting.backends.size());
            BackendEntry backend;
            backend.service = static_cast<ServiceSlot>(number);
            backend.mac = {{0x0a, 0, 0, 0, 0, slot}};
            backend.fate = FlowFate::forward;
            backend.keeps_persistence = true;
            backend.weight = 1;
            setting.backends.push_back(backend);
            service.members.push_back(slot);
        }
        setting.services.push_back(service);
        setting.live.push_back(static_cast<ServiceSlot>(number));
    }
    return setting;
}

class Traffic {
  public:
    explicit Traffic(std::uint64_t seed) : random_(seed) {}

    unsigned any(unsigned below) { return static_cast<unsigned>(random_() % below); }
    bool once_in(unsigned times) { return any(times) == 0; }

    Packet packet() {
        Packet packet;
        const unsigned service = any(4);
        packet.ipv6 = service >= 2;
        packet.protocol = service % 2 == 0 ? IPPROTO_TCP : IPPROTO_UDP;
        packet.vip = first_vip + service;
        packet.vip_port = 80;
        packet.client = 1 + any(clients);
        packet.client_port = static_cast<std::uint16_t>(1024 + any(8));
        packet.tcp_flags = std::array<std::uint8_t, 6>{RTE_TCP_SYN_FLAG, RTE_TCP_SYN_FLAG,
                                                       RTE_TCP_ACK_FLAG, RTE_TCP_ACK_FLAG,
                                                       RTE_TCP_FIN_FLAG, RTE_TCP_RST_FLAG}[any(6)];
        if (packet.ipv6) return packet;
        packet.fragment_id = static_cast<std::uint16_t>(any(64));
        const unsigned kind = any(8);
        packet.kind = kind == 0   ? PacketKind::first_fragment
                      : kind == 1 ? PacketKind::later_fragment
                                  : PacketKind::whole;
        return packet;
    }

  private:
    std::mt19937_64 random_;
};

// To which backends packets of a client's went, by its address and the service's.
class Destinations {
  public:
    void add(const std::vector<std::vector<std::uint8_t>>& frames) {
        for (const auto& frame : frames) {
            const bool ipv6 = frame[12] == 0x86;
            const auto* at = frame.data() + 14 + (ipv6 ? 8 : 12);
            const std::size_t length = ipv6 ? 32 : 8; // source and destination
            const auto [known, is_new] = backends_.try_emplace({at, at + length}, frame[5]);
            if (!is_new && known->second != frame[5]) ++astray_;
        }
    }
    std::size_t pairs() const { return backends_.size(); }
    std::size_t astray() const { return astray_; }

  private:
    std::map<std::vector<std::uint8_t>, std::uint8_t> backends_;
    std::size_t astray_ = 0;
};

// Workers are given what the NIC would give them, other packets than whole ones, or all without
// RSS, anywhere; one that is slow has few turns.
void work(Crew& crew, Traffic& traffic, unsigned steps, Destinations& destinations) {
    const Steering& steering = device().port().steering();
    unsigned slow = 0;
    for (unsigned step = 0; step < steps; ++step) {
        if (step % 500 == 0) slow = traffic.any(workers + 1);
        const Packet packet = traffic.packet();
        auto queue = static_cast<std::uint16_t>(traffic.any(workers));
        if (steering.by_nic() && packet.kind == PacketKind::whole)
            queue = packet.ipv6 ? steering.owner(key_of<KeyV6>(packet))
                                : steering.owner(key_of<KeyV4>(packet));
        device().give(packet, queue);
        for (std::uint16_t worker = 0; worker < workers; ++worker)
            if (worker != slow || traffic.once_in(200)) crew.turn(worker);
        destinations.add(device().take());
    }
    crew.settle();
    destinations.add(device().take());
}

void expect_balance(const Crew& crew) {
    CHECK(crew.sum(&WorkerCounters::received) + crew.sum(&WorkerCounters::answered) +
              crew.sum(&WorkerCounters::split) ==
          crew.sum(&WorkerCounters::sent) + crew.sum(&WorkerCounters::punted) + crew.drops() +
              crew.sum(&WorkerCounters::fragments_held));
}

void expect_nothing_remembered(const Crew& crew) {
    CHECK(crew.sum(&WorkerCounters::flows) == 0);
    CHECK(crew.sum(&WorkerCounters::flows6) == 0);
    CHECK(crew.sum(&WorkerCounters::persistence_entries) == 0);
    CHECK(crew.sum(&WorkerCounters::fragments_held) == 0);
    CHECK(crew.sum(&BackendCounters::persistent) == 0);
    CHECK(crew.sum(&BackendCounters::active) == 0);
    CHECK(crew.sum(&BackendCounters::inactive) == 0);
}

} // namespace

TEST_CASE("workers that hand packets to each other lose none uncounted, and forget in the end") {
    const bool roomy = GENERATE(true, false);
    const auto seed = GENERATE(range(1u, 21u));
    CAPTURE(roomy, seed);
    Crew crew(device(), workers, roomy ? 1024 : 8);
    Setting configuration = setting();
    crew.configure(configuration);
    Traffic traffic(seed);
    Destinations destinations;
    work(crew, traffic, 6000, destinations);

    CHECK(destinations.pairs() == 4 * clients);
    CHECK(destinations.astray() == 0);
    CHECK((crew.drops(DropReason::handoff_full) == 0) == roomy);
    CHECK(crew.sum(&WorkerCounters::persistence_entries) == 4 * clients);
    expect_balance(crew);
    crew.pass(900 * ticks_per_second + persistence + 100 * ticks_per_second);
    expect_nothing_remembered(crew);
    expect_balance(crew);
}

} // namespace lbd::model
