// SPDX-License-Identifier: BSD-3-Clause
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <fstream>

#include "lb/control/kernel_port.h"
#include "lb/control/packet_sockets.h"
#include "tests/unit/catch.h"
#include "tests/unit/control/host_network.h"

namespace lbd::control {

namespace {

// What DPDK's af_packet driver opens.
class PacketSocket {
  public:
    explicit PacketSocket(unsigned interface)
        : fd_(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL))) {
        sockaddr_ll address{};
        address.sll_family = AF_PACKET;
        address.sll_protocol = htons(ETH_P_ALL);
        address.sll_ifindex = static_cast<int>(interface);
        REQUIRE(bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
    }
    PacketSocket(const PacketSocket&) = delete;
    PacketSocket& operator=(const PacketSocket&) = delete;
    ~PacketSocket() { close(fd_); }

    int send_memory() const {
        int memory = 0;
        socklen_t length = sizeof(memory);
        REQUIRE(getsockopt(fd_, SOL_SOCKET, SO_SNDBUF, &memory, &length) == 0);
        return memory;
    }

    bool saw(std::uint16_t ether_type) const {
        pollfd readable{fd_, POLLIN, 0};
        std::array<std::uint8_t, 2048> frame;
        while (poll(&readable, 1, 0) == 1) {
            const ssize_t length = read(fd_, frame.data(), frame.size());
            if (length >= 14 && frame[12] == ether_type >> 8 && frame[13] == (ether_type & 0xff))
                return true;
        }
        return false;
    }

  private:
    int fd_;
};

char ipv6_is_off() {
    std::ifstream file("/proc/sys/net/ipv6/conf/port0/disable_ipv6");
    return static_cast<char>(file.get());
}

} // namespace

TEST_CASE("A packet socket has more memory to send than its ring holds") {
    const HostNetwork network;
    const PacketSocket socket(Rtnetlink::index_of("port0"));
    const PacketSocket other(Rtnetlink::index_of("lo"));
    const int before = other.send_memory();
    CHECK(widen_packet_sockets("port0") == 1);
    CHECK(socket.send_memory() >= 4 * 512 * 2048);
    CHECK(other.send_memory() == before);
    CHECK(widen_packet_sockets("port99") == 0);
}

TEST_CASE("Behind a packet socket the kernel answers nothing, and afterwards again") {
    const HostNetwork network;
    Rtnetlink netlink;
    REQUIRE(network.peer_can_ping("10.9.0.1"));
    {
        const KernelPort port(netlink, "port0", KernelPort::Driver::af_packet, 1);
        const PacketSocket socket(Rtnetlink::index_of("port0"));
        network.run("ip -n lbd-peer neigh flush dev peer0");
        CHECK(!network.peer_can_ping("10.9.0.1"));
        CHECK(socket.saw(ETH_P_ARP));
        network.run("ip -n lbd-peer neigh replace 10.9.0.1 dev peer0 nud permanent lladdr " +
                    network.run("cat /sys/class/net/port0/address"));
        CHECK(!network.peer_can_ping("10.9.0.1"));
        CHECK(socket.saw(ETH_P_IP));
    }
    CHECK(network.peer_can_ping("10.9.0.1"));
}

TEST_CASE("The table that silences the kernel is there as long as the port") {
    const HostNetwork network;
    Rtnetlink netlink;
    {
        const KernelPort port(netlink, "port0", KernelPort::Driver::af_packet, 1);
        const std::string table = network.run("nft list table netdev lbd_port0");
        CHECK(has(table, "\"port0\""));
        CHECK(has(table, "policy drop"));
    }
    CHECK(!has(network.run("nft list tables"), "lbd_"));
}

TEST_CASE("What a crashed predecessor left is replaced") {
    const HostNetwork network;
    Rtnetlink netlink;
    network.run("nft add table netdev lbd_port0");
    network.run(
        "nft 'add chain netdev lbd_port0 stale "
        "{ type filter hook ingress device port0 priority 0; policy accept; }'");
    const KernelPort port(netlink, "port0", KernelPort::Driver::af_packet, 1);
    const std::string table = network.run("nft list table netdev lbd_port0");
    CHECK(!has(table, "stale"));
    CHECK(has(table, "policy drop"));
}

TEST_CASE("Other people's tables are left alone") {
    const HostNetwork network;
    Rtnetlink netlink;
    network.run("nft add table netdev theirs");
    network.run("nft add table inet lbd_port0");
    { const KernelPort port(netlink, "port0", KernelPort::Driver::af_packet, 1); }
    const std::string tables = network.run("nft list tables");
    CHECK(has(tables, "table netdev theirs"));
    CHECK(has(tables, "table inet lbd_port0"));
}

TEST_CASE("A port's interface is brought up, and has no IPv6 while it is a port") {
    const HostNetwork network;
    Rtnetlink netlink;
    network.run("ip link set port0 down");
    REQUIRE(ipv6_is_off() == '0');
    {
        const KernelPort port(netlink, "port0", KernelPort::Driver::af_packet, 1);
        CHECK(ipv6_is_off() == '1');
        CHECK(has(network.run("ip -o link show dev port0"), ",UP"));
        CHECK(!has(network.run("ip -o addr show dev port0"), "inet6"));
    }
    CHECK(ipv6_is_off() == '0');
}

TEST_CASE("A port's interface with addresses is worth a warning, one without is not") {
    const HostNetwork network;
    Rtnetlink netlink;
    {
        const KernelPort port(netlink, "port0", KernelPort::Driver::af_packet, 1);
        REQUIRE(port.warnings().size() == 1);
        CHECK(has(port.warnings()[0], "port0"));
        CHECK(has(port.warnings()[0], "`addresses`"));
    }
    network.run("ip addr flush dev port0");
    CHECK(KernelPort(netlink, "port0", KernelPort::Driver::af_packet, 1).warnings().empty());
}

TEST_CASE("A device that does not exist is called by its name") {
    const HostNetwork network;
    Rtnetlink netlink;
    CHECK_THROWS_WITH(KernelPort(netlink, "nothing0", KernelPort::Driver::af_packet, 1),
                      Catch::Matchers::ContainsSubstring("no interface nothing0"));
}

TEST_CASE("With AF_XDP an interface needs a receive queue per worker; the error names the remedy") {
    const HostNetwork network;
    Rtnetlink netlink;
    CHECK_THROWS_WITH(KernelPort(netlink, "port0", KernelPort::Driver::af_xdp, 3),
                      Catch::Matchers::ContainsSubstring("ethtool -L port0 combined 3"));
}

TEST_CASE("With AF_XDP, which takes the frames away, the kernel is not silenced") {
    const HostNetwork network;
    Rtnetlink netlink;
    const KernelPort port(netlink, "port0", KernelPort::Driver::af_xdp, 1);
    CHECK(!has(network.run("nft list tables"), "lbd_"));
}

} // namespace lbd::control
