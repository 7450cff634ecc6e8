// SPDX-License-Identifier: BSD-3-Clause
#include "vrrp/transport.h"

#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

namespace lbd::vrrp {

namespace asio = boost::asio;

namespace {

constexpr std::size_t ip_header_size = 20;
constexpr int internetwork_control = 0xc0; // as keepalived

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t length = 0;
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

SocketAddress socket_address(const Address& address, unsigned interface) {
    SocketAddress result;
    if (address.is_v4()) {
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        v4.sin_addr.s_addr = htonl(address.to_v4().to_uint());
        std::memcpy(&result.storage, &v4, result.length = sizeof(v4));
    } else {
        sockaddr_in6 v6{};
        v6.sin6_family = AF_INET6;
        const auto bytes = address.to_v6().to_bytes();
        std::copy(bytes.begin(), bytes.end(), v6.sin6_addr.s6_addr);
        if (address.to_v6().is_link_local() || address.is_multicast()) v6.sin6_scope_id = interface;
        std::memcpy(&result.storage, &v6, result.length = sizeof(v6));
    }
    return result;
}

Address address_of(const in6_addr& bytes) {
    asio::ip::address_v6::bytes_type array;
    std::copy_n(bytes.s6_addr, array.size(), array.begin());
    return asio::ip::address_v6(array);
}

template <typename Value>
void set_option(int socket, int level, int option, const Value& value, const char* what) {
    if (setsockopt(socket, level, option, &value, sizeof(value)) != 0)
        throw std::system_error(errno, std::system_category(), what);
}

struct Packet {
    std::span<const std::uint8_t> message;
    Envelope envelope;
};

// A raw socket of IPv4 delivers the IP header, too.
std::optional<Packet> without_header(std::span<const std::uint8_t> packet) {
    if (packet.size() < ip_header_size) return std::nullopt;
    const std::size_t header = (packet[0] & 0x0fu) * 4u;
    if (header < ip_header_size || packet.size() < header) return std::nullopt;
    const auto address_at = [&](std::size_t offset) {
        return asio::ip::address_v4(
            {packet[offset], packet[offset + 1], packet[offset + 2], packet[offset + 3]});
    };
    return Packet{packet.subspan(header), {address_at(12), address_at(16), packet[8]}};
}

// One of IPv6 tells beside the message what of the header was asked for.
Packet with_ancillaries(std::span<const std::uint8_t> message, const sockaddr_in6& source,
                        msghdr& received) {
    Packet packet{message, {address_of(source.sin6_addr), Address(asio::ip::address_v6()), 0}};
    for (cmsghdr* part = CMSG_FIRSTHDR(&received); part != nullptr;
         part = CMSG_NXTHDR(&received, part)) {
        if (part->cmsg_level != IPPROTO_IPV6) continue;
        if (part->cmsg_type == IPV6_HOPLIMIT) {
            int limit = 0;
            std::memcpy(&limit, CMSG_DATA(part), sizeof(limit));
            packet.envelope.ttl = static_cast<std::uint8_t>(limit);
        } else if (part->cmsg_type == IPV6_PKTINFO) {
            in6_pktinfo info{};
            std::memcpy(&info, CMSG_DATA(part), sizeof(info));
            packet.envelope.destination = address_of(info.ipi6_addr);
        }
    }
    return packet;
}

} // namespace

Transport::Transport(asio::io_context& io, const std::string& interface, const Address& source,
                     bool multicast, Receive receive)
    : v4_(source.is_v4()),
      index_(if_nametoindex(interface.c_str())),
      receiver_(io, asio::generic::raw_protocol(v4_ ? AF_INET : AF_INET6, ip_protocol)),
      sender_(io, asio::generic::raw_protocol(v4_ ? AF_INET : AF_INET6, ip_protocol)),
      receive_(std::move(receive)) {
    prepare_receiver(interface, multicast);
    prepare_sender(source);
    await_packet();
}

// Two sockets: one bound to the own address, so that a virtual address never becomes the source;
// and one that is not, as a bound socket would not hear the group.
void Transport::prepare_receiver(const std::string& interface, bool multicast) {
    const int receiver = receiver_.native_handle();
    if (setsockopt(receiver, SOL_SOCKET, SO_BINDTODEVICE, interface.c_str(),
                   static_cast<socklen_t>(interface.size() + 1)) != 0)
        throw std::system_error(errno, std::system_category(), "VRRP on " + interface);
    receiver_.non_blocking(true);
    if (v4_) {
        ip_mreqn group{};
        group.imr_multiaddr.s_addr = htonl(multicast_group_v4.to_v4().to_uint());
        group.imr_ifindex = static_cast<int>(index_);
        if (multicast)
            set_option(receiver, IPPROTO_IP, IP_ADD_MEMBERSHIP, group, "join 224.0.0.18");
        return;
    }
    set_option(receiver, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1, "hop limit");
    set_option(receiver, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, "destination");
    ipv6_mreq group{};
    const auto bytes = multicast_group_v6.to_v6().to_bytes();
    std::copy(bytes.begin(), bytes.end(), group.ipv6mr_multiaddr.s6_addr);
    group.ipv6mr_interface = index_;
    if (multicast) set_option(receiver, IPPROTO_IPV6, IPV6_JOIN_GROUP, group, "join ff02::12");
}

void Transport::prepare_sender(const Address& source) {
    const int sender = sender_.native_handle();
    const SocketAddress own = socket_address(source, index_);
    if (bind(sender, own.get(), own.length) != 0)
        throw std::system_error(errno, std::system_category(), "VRRP source " + source.to_string());
    if (v4_) {
        ip_mreqn interface {};
        interface.imr_ifindex = static_cast<int>(index_);
        set_option(sender, IPPROTO_IP, IP_MULTICAST_IF, interface, "multicast interface");
        set_option(sender, IPPROTO_IP, IP_MULTICAST_TTL, 255, "TTL");
        set_option(sender, IPPROTO_IP, IP_TTL, 255, "TTL");
        set_option(sender, IPPROTO_IP, IP_MULTICAST_LOOP, 0, "multicast loop");
        set_option(sender, IPPROTO_IP, IP_TOS, internetwork_control, "TOS");
    } else {
        const int index = static_cast<int>(index_);
        set_option(sender, IPPROTO_IPV6, IPV6_MULTICAST_IF, index, "multicast interface");
        set_option(sender, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 255, "hop limit");
        set_option(sender, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 255, "hop limit");
        set_option(sender, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0, "multicast loop");
        set_option(sender, IPPROTO_IPV6, IPV6_TCLASS, internetwork_control, "traffic class");
    }
    // It only sends; a byte of room keeps the kernel from queueing for it what nobody reads.
    set_option(sender, SOL_SOCKET, SO_RCVBUF, 1, "receive buffer");
    sender_.non_blocking(true);
}

std::error_code Transport::send(std::span<const std::uint8_t> message, const Address& destination) {
    const SocketAddress to = socket_address(destination, index_);
    const auto sent = sendto(sender_.native_handle(), message.data(), message.size(), MSG_DONTWAIT,
                             to.get(), to.length);
    return sent < 0 ? std::error_code(errno, std::system_category()) : std::error_code();
}

void Transport::await_packet() {
    receiver_.async_wait(Socket::wait_read, [this, alive = std::weak_ptr<int>(life_)](
                                                const boost::system::error_code& error) {
        if (error == asio::error::operation_aborted || alive.expired()) return;
        if (!error) read_packets();
        if (!alive.expired()) await_packet();
    });
}

void Transport::read_packets() {
    constexpr int most = 16; // others have their turn, too
    const std::weak_ptr<int> alive = life_;
    for (int i = 0; i < most && !alive.expired(); ++i) {
        sockaddr_in6 source{};
        alignas(cmsghdr) std::array<char, 256> ancillaries{};
        iovec room{buffer_.data(), buffer_.size()};
        msghdr header{};
        header.msg_name = &source;
        header.msg_namelen = sizeof(source);
        header.msg_iov = &room;
        header.msg_iovlen = 1;
        header.msg_control = ancillaries.data();
        header.msg_controllen = ancillaries.size();
        const ssize_t length = recvmsg(receiver_.native_handle(), &header, MSG_DONTWAIT);
        if (length < 0) return;
        const auto bytes =
            std::span<const std::uint8_t>(buffer_).first(static_cast<std::size_t>(length));
        const auto packet =
            v4_ ? without_header(bytes) : std::optional(with_ancillaries(bytes, source, header));
        if (packet) receive_(packet->message, packet->envelope);
    }
}

} // namespace lbd::vrrp
