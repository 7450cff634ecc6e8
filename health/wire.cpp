// SPDX-License-Identifier: BSD-3-Clause
#include "health/wire.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <vector>

namespace lbd::health {

namespace {

// The kernel shows us nothing else.
constexpr const char* answers =
    "arp[6:2] = 2 or (icmp and icmp[0] = 0) or (tcp and tcp[13] & 6 != 0) or "
    "(ip6 and ip6[6] = 6 and ip6[53] & 6 != 0) or "
    "(ip6 and ip6[6] = 58 and (ip6[40] = 129 or ip6[40] = 136))";

[[noreturn]] void fail(const std::string& what) {
    throw std::system_error(errno, std::system_category(), what);
}

void filter(int socket) {
    const std::unique_ptr<pcap_t, decltype(&pcap_close)> compiler(pcap_open_dead(DLT_EN10MB, 256),
                                                                  pcap_close);
    bpf_program program{};
    if (!compiler || pcap_compile(compiler.get(), &program, answers, 1, 0) != 0)
        throw std::runtime_error("the filter of checks of virtual addresses is wrong");
    // Both are the kernel's struct sock_fprog.
    struct {
        unsigned short length;
        bpf_insn* instructions;
    } attached{static_cast<unsigned short>(program.bf_len), program.bf_insns};
    const int failed =
        setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &attached, sizeof(attached));
    pcap_freecode(&program);
    if (failed != 0) fail("packet filter");
}

Mac mac_of(int socket, const std::string& interface) {
    ifreq request{};
    std::strncpy(request.ifr_name, interface.c_str(), sizeof(request.ifr_name) - 1);
    if (ioctl(socket, SIOCGIFHWADDR, &request) != 0) fail(interface);
    Mac mac;
    std::memcpy(mac.data(), request.ifr_hwaddr.sa_data, mac.size());
    return mac;
}

} // namespace

Wire::Wire(boost::asio::io_context& io, const std::string& interface) : socket_(io) {
    // Without a protocol nothing is received until it is bound, with the filter in place.
    socket_.open({AF_PACKET, 0});
    const int socket = socket_.native_handle();
    filter(socket);
    const int on = 1;
    if (setsockopt(socket, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) != 0)
        fail("packet socket");
    mac_ = mac_of(socket, interface);
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = static_cast<int>(if_nametoindex(interface.c_str()));
    if (bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
        fail(interface);
    socket_.non_blocking(true);
    receive();
}

boost::system::error_code Wire::send(const Frame& frame) {
    boost::system::error_code error;
    if (::send(socket_.native_handle(), frame.data(), frame.size(), MSG_DONTWAIT) < 0)
        error = {errno, boost::system::system_category()};
    return error;
}

void Wire::listen(std::uint16_t number, const Mac& host, Ear& ear) {
    by_number_[number] = &ear;
    by_host_.emplace(host, &ear);
}

void Wire::leave(std::uint16_t number, const Mac& host, Ear& ear) {
    by_number_.erase(number);
    const auto [first, last] = by_host_.equal_range(host);
    const auto found =
        std::find_if(first, last, [&](const auto& entry) { return entry.second == &ear; });
    if (found != last) by_host_.erase(found);
}

void Wire::receive() {
    socket_.async_wait(
        boost::asio::socket_base::wait_read, [this](const boost::system::error_code& error) {
            if (error) return;
            // A flood must leave room for others; what the interface has lost (it was down) is
            // taken off the socket like a frame.
            constexpr int most_at_once = 64;
            for (int i = 0; i < most_at_once; ++i) {
                const auto length = recv(socket_.native_handle(), frame_.data(), frame_.size(), 0);
                if (length < 0 && errno == EAGAIN) break;
                if (length <= 0) continue;
                const auto heard =
                    heard_in(std::span(frame_).first(static_cast<std::size_t>(length)));
                if (heard) tell(*heard);
            }
            receive();
        });
}

void Wire::tell(const Heard& heard) {
    if (heard.kind == Heard::Kind::announcement) {
        const auto [first, last] = by_host_.equal_range(heard.from);
        std::for_each(first, last, [&](const auto& entry) { entry.second->heard(heard); });
        return;
    }
    const auto ear = by_number_.find(heard.local);
    if (ear != by_number_.end()) ear->second->heard(heard);
}

Wire& Wires::open(const std::string& interface) {
    auto& wire = wires_[interface];
    if (!wire) wire = std::make_unique<Wire>(io_, interface);
    return *wire;
}

std::optional<Mac> Wires::mac_of(const Probe& probe) const {
    if (probe.mac || !mac_of_) return probe.mac;
    return mac_of_(probe.interface, probe.address);
}

} // namespace lbd::health
