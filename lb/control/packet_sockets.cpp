// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/packet_sockets.h"

#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>

#include <filesystem>
#include <string>

namespace lbd::control {

namespace {

// Frames of 2 KiB, of which the driver's ring has 512, count twice as much, and a socket is said
// to have room until half of its memory is used (Linux: sock_writeable).
constexpr int memory = 16 << 20;

bool is_bound_to(int descriptor, unsigned interface) {
    sockaddr_ll address{};
    socklen_t length = sizeof(address);
    return getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length) == 0 &&
           address.sll_family == AF_PACKET && address.sll_ifindex == static_cast<int>(interface);
}

} // namespace

unsigned widen_packet_sockets(const std::string& interface) {
    const unsigned index = if_nametoindex(interface.c_str());
    unsigned found = 0;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", error)) {
        const int descriptor = std::stoi(entry.path().filename().string());
        if (index == 0 || !is_bound_to(descriptor, index)) continue;
        ++found;
        setsockopt(descriptor, SOL_SOCKET, SO_SNDBUFFORCE, &memory, sizeof(memory));
    }
    return found;
}

} // namespace lbd::control
