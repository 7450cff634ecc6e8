// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/kernel_port.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <nftables/libnftables.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <utility>

namespace lbd::control {

namespace {

struct FreeNft {
    void operator()(nft_ctx* context) const { nft_ctx_free(context); }
};

// The error text of nftables, or nothing on success.
std::string run_nft(const std::string& commands) {
    const std::unique_ptr<nft_ctx, FreeNft> context(nft_ctx_new(NFT_CTX_DEFAULT));
    if (!context) return "no nftables context";
    nft_ctx_buffer_error(context.get());
    nft_ctx_buffer_output(context.get());
    if (nft_run_cmd_from_buffer(context.get(), commands.c_str()) == 0) return {};
    return nft_ctx_get_error_buffer(context.get());
}

std::string table_of(const std::string& interface) {
    std::string name = "lbd_";
    for (const char c : interface) name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
    return "netdev " + name;
}

// `add` before `delete` makes the deletion succeed whether a crashed predecessor left a table or
// not; all of it is one transaction.
std::string drop_everything(const std::string& interface) {
    const std::string table = table_of(interface);
    return "add table " + table + "\ndelete table " + table + "\nadd table " + table +
           "\nadd chain " + table + " ingress { type filter hook ingress device \"" + interface +
           "\" priority -500; policy drop; }\n";
}

std::string ipv6_switch(const std::string& interface) {
    return "/proc/sys/net/ipv6/conf/" + interface + "/disable_ipv6";
}

std::string read_line(const std::string& path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

} // namespace

KernelPort::KernelPort(Rtnetlink& netlink, std::string interface, Driver driver, unsigned workers)
    : interface_(std::move(interface)) {
    const unsigned index = Rtnetlink::index_of(interface_);
    if (index == 0)
        throw std::runtime_error("device: there is no interface " + interface_ + " (ip link)");
    if (driver == Driver::af_xdp) check_queues(workers);
    if (const auto error = netlink.set_up(index, true))
        throw std::system_error(error, interface_ + ": bring up");
    note_addresses();
    ipv6_before_ = read_line(ipv6_switch(interface_));
    if (!ipv6_before_.empty()) std::ofstream(ipv6_switch(interface_)) << "1";
    if (driver == Driver::af_xdp) return;
    const std::string error = run_nft(drop_everything(interface_));
    if (!error.empty())
        throw std::runtime_error(interface_ + ": keep the kernel from answering: " + error);
    filtered_ = true;
}

KernelPort::~KernelPort() {
    if (filtered_) run_nft("delete table " + table_of(interface_) + "\n");
    if (!ipv6_before_.empty()) std::ofstream(ipv6_switch(interface_)) << ipv6_before_;
}

// Frames that arrive on a queue without a socket go to the kernel and are lost to the service.
void KernelPort::check_queues(unsigned workers) const {
    unsigned queues = 0;
    std::error_code error;
    const std::filesystem::path directory = "/sys/class/net/" + interface_ + "/queues";
    for (const auto& entry : std::filesystem::directory_iterator(directory, error))
        if (entry.path().filename().string().starts_with("rx-")) ++queues;
    if (error || queues == workers) return;
    throw std::runtime_error("device af_xdp:" + interface_ + " has " + std::to_string(queues) +
                             " receive queues for " + std::to_string(workers) +
                             " workers; make them equal: ethtool -L " + interface_ + " combined " +
                             std::to_string(workers));
}

void KernelPort::note_addresses() {
    ifaddrs* list = nullptr;
    if (getifaddrs(&list) != 0) return;
    const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(list, &freeifaddrs);
    for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
        if (entry->ifa_addr == nullptr || entry->ifa_addr->sa_family != AF_INET) continue;
        if (interface_ != entry->ifa_name) continue;
        warnings_.push_back("interface " + interface_ +
                            " has an IPv4 address, which does not work while lbd drives it: "
                            "remove it there, and list it under the port's `addresses`");
        return;
    }
}

bool KernelPort::link_up() const {
    ifreq request{};
    interface_.copy(request.ifr_name, IFNAMSIZ - 1);
    const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket < 0) return true; // nothing is known
    const bool known = ioctl(socket, SIOCGIFFLAGS, &request) == 0;
    close(socket);
    return known && (request.ifr_flags & IFF_RUNNING) != 0;
}

} // namespace lbd::control
