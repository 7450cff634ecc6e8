// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/neighbours.h"

#include <chrono>
#include <fstream>
#include <string>
#include <vector>

#include "tests/unit/catch.h"
#include "tests/unit/control/host_network.h"

namespace lbd::control {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Mac = std::optional<config::MacAddress>;

Mac mac(const char* text) {
    return config::MacAddress::parse(text);
}

// The kernel's patience with a silent neighbour, shortened from some 40 s to about one.
void hurry_kernel() {
    const std::string settings = "/proc/sys/net/ipv4/neigh/port0/";
    std::ofstream(settings + "retrans_time_ms") << 50;
    std::ofstream(settings + "delay_first_probe_time") << 1;
    std::ofstream(settings + "base_reachable_time_ms") << 200;
}

struct Watch {
    HostNetwork network;
    Rtnetlink netlink;
    boost::asio::io_context io;
    std::vector<Mac> news;
    Neighbours neighbours{io, netlink,
                          [this](const auto&, const auto& now) { news.push_back(now); }};

    Watch() { hurry_kernel(); }

    Neighbours::Neighbour at(const char* address) const {
        return {Rtnetlink::index_of("port0"), *config::IpAddress::parse(address)};
    }
    Mac peer() const { return neighbours.find(at("10.9.0.2")); }

    template <typename Condition>
    bool until(Condition condition, std::chrono::seconds patience = 5s) {
        const auto deadline = Clock::now() + patience;
        while (!condition() && Clock::now() < deadline) io.run_one_for(20ms);
        return condition();
    }
};

} // namespace

TEST_CASE("A tracked neighbour is resolved although nobody talks to it") {
    Watch watch;
    watch.neighbours.track({watch.at("10.9.0.2")});
    CHECK(!watch.neighbours.concluded());
    REQUIRE(watch.until([&] { return watch.peer().has_value(); }));
    CHECK(watch.peer() == mac(HostNetwork::peer_mac));
    CHECK(watch.neighbours.concluded());
    CHECK(watch.news == std::vector<Mac>{mac(HostNetwork::peer_mac)});
}

TEST_CASE("A tracked IPv6 neighbour is resolved, too") {
    Watch watch;
    watch.network.run("ip addr add 2001:db8::1/64 dev port0 nodad");
    watch.network.run("ip -n lbd-peer addr add 2001:db8::2/64 dev peer0 nodad");
    const auto peer = watch.at("2001:db8::2");
    watch.neighbours.track({peer});
    REQUIRE(watch.until([&] { return watch.neighbours.find(peer).has_value(); }));
    CHECK(watch.neighbours.find(peer) == mac(HostNetwork::peer_mac));
}

// Asking for such an entry (NTF_USE) makes it an ordinary one, which is then lost.
TEST_CASE("A permanent entry is used as it is, and stays what it is") {
    Watch watch;
    watch.until([] { return false; }, 1s); // the table as it was at the start has been read
    watch.network.run("ip neigh replace 10.9.0.5 lladdr 02:00:00:00:00:05 nud permanent dev port0");
    watch.neighbours.track({watch.at("10.9.0.5")});
    REQUIRE(watch.until([&] { return watch.neighbours.concluded(); }));
    watch.until([] { return false; }, 2s);
    CHECK(watch.neighbours.find(watch.at("10.9.0.5")) == mac("02:00:00:00:00:05"));
    CHECK(watch.news.size() == 1);
    CHECK(has(watch.network.run("ip neigh show 10.9.0.5 dev port0"), "PERMANENT"));
}

TEST_CASE("A permanent entry that becomes an ordinary one is kept resolved from then on") {
    Watch watch;
    watch.network.run("ip neigh replace 10.9.0.2 lladdr 02:00:00:00:00:05 nud permanent dev port0");
    watch.neighbours.track({watch.at("10.9.0.2")});
    REQUIRE(watch.until([&] { return watch.peer() == mac("02:00:00:00:00:05"); }));
    watch.network.run("ip neigh del 10.9.0.2 dev port0");
    CHECK(watch.until([&] { return watch.peer() == mac(HostNetwork::peer_mac); }));
}

TEST_CASE("A neighbour that does not answer is a conclusion, and found once it is there") {
    Watch watch;
    watch.neighbours.track({watch.at("10.9.0.6")});
    REQUIRE(watch.until([&] { return watch.neighbours.concluded(); }));
    CHECK(!watch.neighbours.find(watch.at("10.9.0.6")));
    CHECK(watch.news.empty());
    watch.network.run("ip -n lbd-peer addr add 10.9.0.6/24 dev peer0");
    CHECK(watch.until([&] { return watch.neighbours.find(watch.at("10.9.0.6")).has_value(); }));
}

TEST_CASE("A neighbour whose MAC address changes without a word is noticed") {
    Watch watch;
    watch.neighbours.track({watch.at("10.9.0.2")});
    watch.until([] { return false; }, 1s); // until the first question is dealt with
    // A stale entry is one that the kernel does not ask about by itself.
    watch.network.run(std::string("ip neigh replace 10.9.0.2 dev port0 nud stale lladdr ") +
                      HostNetwork::peer_mac);
    watch.network.run("ip -n lbd-peer link set peer0 address 02:00:00:00:00:22");
    CHECK(watch.until([&] { return watch.peer() == mac("02:00:00:00:00:22"); }, 25s));
    CHECK(watch.news.back() == mac("02:00:00:00:00:22"));
}

TEST_CASE("What the kernel has only just confirmed is doubted all the same") {
    Watch watch;
    std::ofstream("/proc/sys/net/ipv4/neigh/port0/base_reachable_time_ms") << 300'000;
    watch.neighbours.track({watch.at("10.9.0.2")});
    REQUIRE(watch.until([&] { return watch.peer().has_value(); }));
    CHECK(watch.network.succeeds("ping -c 1 -W 1 10.9.0.2"));
    watch.network.run("ip -n lbd-peer link set peer0 address 02:00:00:00:00:22");
    watch.neighbours.doubt(watch.at("10.9.0.2").address);
    CHECK(watch.until([&] { return watch.peer() == mac("02:00:00:00:00:22"); }, 15s));
}

TEST_CASE("A neighbour that goes silent is lost when the host talks to it, and found again") {
    Watch watch;
    watch.neighbours.track({watch.at("10.9.0.2")});
    REQUIRE(watch.until([&] { return watch.peer().has_value(); }));
    watch.network.run("ip -n lbd-peer addr del 10.9.0.2/24 dev peer0");
    watch.until([] { return false; }, 1s); // until what the kernel knows is stale
    CHECK(!watch.network.succeeds("ping -c 1 -W 1 10.9.0.2"));
    REQUIRE(watch.until([&] { return !watch.peer().has_value(); }));
    CHECK(watch.neighbours.concluded());
    CHECK(watch.news == std::vector<Mac>{mac(HostNetwork::peer_mac), std::nullopt});
    watch.network.run("ip -n lbd-peer addr add 10.9.0.2/24 dev peer0");
    CHECK(watch.until([&] { return watch.peer() == mac(HostNetwork::peer_mac); }));
}

TEST_CASE("A neighbour whose entry is deleted is lost, and asked for again") {
    Watch watch;
    watch.neighbours.track({watch.at("10.9.0.2")});
    REQUIRE(watch.until([&] { return watch.peer().has_value(); }));
    watch.network.run("ip neigh del 10.9.0.2 dev port0");
    REQUIRE(watch.until([&] { return watch.news.size() >= 3; }));
    CHECK(watch.news[1] == std::nullopt);
    CHECK(watch.news[2] == mac(HostNetwork::peer_mac));
}

TEST_CASE("Of a neighbour no longer tracked nothing is told, and nothing known") {
    Watch watch;
    watch.neighbours.track({watch.at("10.9.0.2")});
    REQUIRE(watch.until([&] { return watch.peer().has_value(); }));
    watch.neighbours.track({});
    watch.network.run("ip neigh del 10.9.0.2 dev port0");
    watch.until([] { return false; }, 1s);
    CHECK(watch.news.size() == 1);
    CHECK(!watch.peer());
    CHECK(watch.neighbours.concluded());
}

TEST_CASE("News that came faster than they were read are made up for") {
    Watch watch;
    watch.neighbours.track({watch.at("10.9.0.5")});
    watch.until([] { return false; }, 1s);
    const std::string entry =
        "neigh replace 10.9.0.5 dev port0 nud permanent lladdr 02:00:00:00:00:";
    {
        std::ofstream batch("/run/batch");
        for (int round = 0; round < 5000; ++round) batch << entry << (round % 2 ? "0a\n" : "0b\n");
        batch << entry << "05\n";
    }
    watch.network.run("ip -batch /run/batch");
    CHECK(watch.until(
        [&] { return watch.neighbours.find(watch.at("10.9.0.5")) == mac("02:00:00:00:00:05"); }));
}

} // namespace lbd::control
