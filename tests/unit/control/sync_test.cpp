// SPDX-License-Identifier: BSD-3-Clause
// The protocol between directors, on a network that loses, repeats and reorders, in virtual time.
#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <tuple>

#include "lb/control/sync/session.h"
#include "tests/unit/catch.h"

namespace lbd::control::sync {

using namespace std::chrono_literals;

namespace {

const config::Secret key("a-key-that-is-long-enough");

Endpoint endpoint(unsigned number) {
    return {boost::asio::ip::address_v4(0x0a000000u + number), 8848};
}

config::IpAddress backend() {
    return *config::IpAddress::parse("10.66.0.21");
}

dataplane::FlowEvent flow(std::uint32_t client, dataplane::Tick remaining = 9000) {
    dataplane::FlowEvent event;
    event.set_key(dataplane::KeyV4{client, 0x6400420a, 0x1122, 0x5000, 6, {}});
    event.state = dataplane::FlowState::established;
    event.remaining = remaining;
    return event;
}

std::uint32_t client_of(const dataplane::FlowEvent& event) {
    return event.key<dataplane::KeyV4>().client;
}

// Carries datagrams between sessions; what becomes of each is drawn.
struct Network {
    struct Flying {
        Clock::time_point due;
        Endpoint from, to;
        Bytes datagram;
    };
    double loss = 0, doubling = 0;
    Clock::duration jitter{0};
    std::mt19937_64 random{1};
    Clock::time_point now{1h};
    std::vector<Flying> flying;
    std::vector<Bytes> recorded;
    std::function<bool(const Header&)> lost = [](const Header&) { return false; };

    double draw() { return std::uniform_real_distribution<>(0, 1)(random); }
    void send(const Endpoint& from, const Endpoint& to, const Bytes& datagram) {
        recorded.push_back(datagram);
        Fault fault{};
        const auto opened = open(datagram, key, fault);
        if (opened && lost(opened->header)) return;
        for (int copies = draw() < doubling ? 2 : 1; copies > 0; --copies)
            if (draw() >= loss)
                flying.push_back(
                    {now + 100us + std::chrono::duration_cast<Clock::duration>(jitter * draw()),
                     from, to, datagram});
    }
};

class Director : private Surroundings {
  public:
    // `peers`: whom it takes for one, by default `peer`; none: whoever has the key.
    Director(Network& network, unsigned number, unsigned peer, config::Secret own_key = key,
             std::uint64_t seed = 1, std::optional<std::vector<Endpoint>> peers = std::nullopt)
        : network_(network),
          own_(endpoint(number)),
          peer_(endpoint(peer)),
          random_(seed * 100 + number),
          session(
              {std::move(own_key), peers.value_or(std::vector{peer_})},
              [this] { return random_(); }, *this, network.now) {}

    void open(std::uint32_t client) {
        state[client] = flow(client);
        session.tell(state[client], backend());
    }
    // As workers do with a pass.
    void serve_pass() {
        if (!pass_) return;
        for (auto [client, event] : state) {
            event.repeated = true;
            session.tell(event, backend());
        }
        dataplane::FlowEvent end;
        end.remaining = *pass_;
        session.tell(end, {});
        pass_.reset();
    }

    std::map<std::uint32_t, dataplane::FlowEvent> state;
    std::vector<std::uint32_t> order; // of what was imported
    bool alive = true;

  private:
    void send_to_all(const Bytes& datagram) override { network_.send(own_, peer_, datagram); }
    void send(const Endpoint& to, const Bytes& datagram) override {
        network_.send(own_, to, datagram);
    }
    void import(const Entry& entry) override {
        CHECK(entry.backend == backend());
        state[client_of(entry.event)] = entry.event;
        order.push_back(client_of(entry.event));
    }
    void repeat_all(std::uint32_t pass) override { pass_ = pass; }

    Network& network_;
    std::optional<std::uint32_t> pass_;

  public:
    Endpoint own_, peer_;
    std::mt19937_64 random_;
    Session session;
};

struct World {
    explicit World(std::uint64_t seed = 1) { network.random.seed(seed); }

    Network network;
    std::vector<Director*> directors;

    void run(Clock::duration length) {
        for (const auto end = network.now + length; network.now < end; network.now += 1ms) {
            std::vector<Network::Flying> due;
            auto& flying = network.flying;
            const auto later =
                std::stable_partition(flying.begin(), flying.end(),
                                      [&](const auto& one) { return one.due > network.now; });
            due.assign(later, flying.end());
            flying.erase(later, flying.end());
            std::stable_sort(due.begin(), due.end(),
                             [](const auto& a, const auto& b) { return a.due < b.due; });
            for (const auto& one : due)
                for (Director* director : directors)
                    if (director->alive && director->own_ == one.to)
                        director->session.received(one.from, one.datagram, network.now);
            for (Director* director : directors) {
                if (!director->alive) continue;
                director->serve_pass();
                director->session.flush();
                director->session.tick(network.now);
            }
        }
    }
};

PeerStatus peer(const Director& director, const World& world) {
    return director.session.status(world.network.now).peers.at(0);
}

} // namespace

TEST_CASE("two directors find each other, and what one tells the other knows") {
    World world;
    Director a(world.network, 1, 2);
    Director b(world.network, 2, 1);
    world.directors = {&a, &b};
    CHECK_FALSE(a.session.settled());
    world.run(500ms);
    CHECK((a.session.settled() && b.session.settled()));
    for (std::uint32_t client = 0; client < 1000; ++client) a.open(client);
    world.run(300ms);
    CHECK(b.state.size() == 1000);
    CHECK(peer(a, world).unacknowledged == 0);
    CHECK(peer(b, world).received == 1000);
    CHECK(peer(b, world).lost == 0);
}

TEST_CASE("whoever is alone is settled soon") {
    World world;
    Director a(world.network, 1, 2);
    world.directors = {&a};
    world.run(500ms);
    CHECK_FALSE(a.session.settled());
    world.run(1s);
    CHECK(a.session.settled());
    CHECK(peer(a, world).state == PeerState::absent);
}

TEST_CASE("who starts late is told everything before it is settled") {
    World world;
    Director a(world.network, 1, 2);
    Director b(world.network, 2, 1);
    world.directors = {&a};
    for (std::uint32_t client = 0; client < 5000; ++client) a.open(client);
    world.run(3s);
    world.directors = {&a, &b};
    while (!b.session.settled()) world.run(1ms);
    CHECK(b.state.size() == 5000);
    CHECK(peer(b, world).state == PeerState::complete);
}

TEST_CASE("who misses the welcome is told everything all the same") {
    const std::uint32_t more = GENERATE(0, 500'000); // meanwhile: the second time beyond history
    World world;
    Director a(world.network, 1, 2);
    Director b(world.network, 2, 1);
    world.directors = {&a};
    for (std::uint32_t client = 0; client < 5000; ++client) a.open(client);
    world.run(3s);
    unsigned welcomes = 0;
    world.network.lost = [&](const Header& header) {
        return header.type == MessageType::welcome && ++welcomes == 1;
    };
    world.directors = {&a, &b};
    world.run(150ms);
    REQUIRE(welcomes == 1);
    CHECK(b.state.empty());
    for (std::uint32_t client = 0; client < more; ++client) a.open(10'000 + client);
    world.run(3s);
    CHECK(peer(b, world).state == PeerState::complete);
    CHECK(b.state.size() == 5000 + more);
}

TEST_CASE("losses are repaired, repetitions ignored, and the order is kept") {
    const auto seed = GENERATE(range(1, 21));
    World world(static_cast<std::uint64_t>(seed));
    CAPTURE(seed);
    Director a(world.network, 1, 2);
    Director b(world.network, 2, 1);
    world.directors = {&a, &b};
    world.run(500ms);
    world.network.loss = 0.2;
    world.network.doubling = 0.2;
    world.network.jitter = 5ms;
    for (std::uint32_t client = 0; client < 2000; ++client) {
        a.open(client);
        if (client % 10 == 0) world.run(1ms);
    }
    world.run(1500ms);
    CHECK(b.state.size() == 2000);
    if (peer(b, world).joins == 1) CHECK(std::is_sorted(b.order.begin(), b.order.end()));
    CHECK(peer(b, world).lost > 0);
    CHECK(a.session.status(world.network.now).repaired > 0);
}

TEST_CASE("who was cut off for long is told everything again") {
    World world;
    Director a(world.network, 1, 2);
    Director b(world.network, 2, 1);
    world.directors = {&a, &b};
    world.run(500ms);
    world.network.loss = 1;
    for (std::uint32_t client = 0; client < 500'000; ++client) a.open(client); // beyond history
    world.run(3s);
    CHECK(b.state.empty());
    CHECK(peer(a, world).state == PeerState::absent);
    world.network.loss = 0;
    world.run(3s);
    CHECK(b.state.size() == 500'000);
    CHECK(peer(b, world).state == PeerState::complete);
}

TEST_CASE("a director that starts again under the same address is another one") {
    World world;
    Director a(world.network, 1, 2);
    Director b(world.network, 2, 1);
    world.directors = {&a, &b};
    for (std::uint32_t client = 0; client < 100; ++client) a.open(client);
    world.run(1s);
    Director again(world.network, 2, 1, key, 2);
    world.directors = {&a, &again};
    world.run(1s);
    CHECK(again.state.size() == 100);
    again.open(1000);
    world.run(500ms);
    CHECK(a.state.contains(1000));
}

TEST_CASE("a recording of an earlier life brings nothing in") {
    World world;
    Director a(world.network, 1, 2);
    Director b(world.network, 2, 1);
    world.directors = {&a, &b};
    world.run(500ms);
    a.open(4711);
    world.run(500ms);
    const std::vector<Bytes> recorded = world.network.recorded;
    Director again(world.network, 2, 1, key, 2);
    world.directors = {&again};
    for (const Bytes& datagram : recorded)
        again.session.received(endpoint(1), datagram, world.network.now);
    world.run(2s);
    for (const Bytes& datagram : recorded)
        again.session.received(endpoint(1), datagram, world.network.now);
    CHECK(again.state.empty());
}

TEST_CASE("recordings of an earlier life make nobody ask more often than once a second") {
    World world;
    Director a(world.network, 1, 2);
    Director before(world.network, 2, 1);
    world.directors = {&a, &before};
    world.run(1s);
    const std::vector<Bytes> recorded = world.network.recorded;
    Director b(world.network, 2, 1, key, 2);
    world.directors = {&a, &b};
    world.run(2s);
    const std::uint64_t joins = peer(a, world).joins;
    for (int round = 0; round < 500; ++round) {
        for (const Bytes& datagram : recorded)
            a.session.received(endpoint(2), datagram, world.network.now);
        world.run(10ms);
    }
    CHECK(peer(a, world).joins - joins <= 6);
    b.open(4711);
    world.run(300ms);
    CHECK(a.state.contains(4711));
    CHECK(peer(a, world).state == PeerState::complete);
}

TEST_CASE("recordings from many addresses keep no peer out where any with the key is one") {
    World world;
    Director a(world.network, 1, 2);
    Director before(world.network, 2, 1);
    world.directors = {&a, &before};
    world.run(1s);
    const Bytes recorded = world.network.recorded.back();
    Director b(world.network, 2, 1, key, 2);
    Director late(world.network, 1, 2, key, 3, std::vector<Endpoint>{});
    world.directors = {&late};
    unsigned number = 3;
    const auto flood = [&](int rounds) {
        for (int round = 0; round < rounds; ++round) {
            late.session.received(endpoint(number++), recorded, world.network.now);
            world.run(100ms);
        }
    };
    flood(100);
    CHECK(late.session.status(world.network.now).peers.size() == 16);
    CHECK(late.session.settled());
    b.open(4711);
    world.directors = {&late, &b};
    flood(30);
    CHECK(late.state.contains(4711));
    CHECK(late.session.settled());
    flood(100);
    const auto peers = late.session.status(world.network.now).peers;
    CHECK(std::any_of(peers.begin(), peers.end(), [](const PeerStatus& known) {
        return known.endpoint == endpoint(2) && known.state == PeerState::complete;
    }));
}

TEST_CASE("what is not from a peer with the key is counted and changes nothing") {
    World world;
    Director a(world.network, 1, 2);
    Director b(world.network, 2, 1, config::Secret("quite-another-key-than-that"));
    world.directors = {&a, &b};
    b.open(1);
    world.run(1s);
    CHECK(a.state.empty());
    CHECK(a.session.status(world.network.now).rejected[2] > 0);
    a.session.received(endpoint(3), Bytes(100), world.network.now);
    CHECK(a.session.status(world.network.now).strangers == 1);
}

TEST_CASE("no byte of a datagram can be changed or cut off") {
    Bytes contents;
    append_entry(contents, flow(1), backend());
    const Bytes whole = seal({MessageType::data, 1, 2, 3, 4}, contents, key);
    Fault fault{};
    REQUIRE(open(whole, key, fault));
    for (std::size_t byte = 0; byte < whole.size(); ++byte) {
        Bytes changed = whole;
        changed[byte] ^= 1;
        CHECK_FALSE(open(changed, key, fault));
        CHECK_FALSE(open(std::span(whole).first(byte), key, fault));
    }
}

TEST_CASE("entries of all kinds come out as they went in") {
    using dataplane::FlowState;
    const bool ipv6 = GENERATE(false, true);
    const auto state = GENERATE(FlowState::established, FlowState::udp, FlowState::persistence);
    const auto address = GENERATE(as<std::string>{}, "10.0.0.1", "2001:db8::1");
    dataplane::FlowEvent event = flow(7, 123);
    if (ipv6) event.set_key(dataplane::KeyV6{{1, 2, 3}, {4, 5, 6}, 7, 8, 6, {}});
    event.state = state;
    event.repeated = ipv6;
    Bytes bytes;
    append_entry(bytes, event, *config::IpAddress::parse(address));
    CHECK(bytes.size() <= largest_entry);
    Reader reader(bytes);
    const auto entry = read_entry(reader);
    REQUIRE(entry);
    CHECK(entry->event.key_bytes == event.key_bytes);
    CHECK(entry->event.state == state);
    CHECK(entry->event.ipv6 == ipv6);
    CHECK(entry->event.repeated == ipv6);
    CHECK(entry->event.remaining == 123);
    CHECK(entry->backend.text() == address);
    CHECK(reader.empty());
}

TEST_CASE("malformed entries are refused, whatever they are") {
    std::mt19937 random(1);
    for (int i = 0; i < 100'000; ++i) {
        Bytes bytes(random() % 70);
        for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
        Reader reader(bytes);
        const auto entry = read_entry(reader);
        if (!entry) continue;
        CHECK(entry->event.state != dataplane::FlowState::syn_recv);
        CHECK(static_cast<std::size_t>(entry->event.state) < dataplane::flow_state_names.size());
    }
}

} // namespace lbd::control::sync
