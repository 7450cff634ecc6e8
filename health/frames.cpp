// SPDX-License-Identifier: BSD-3-Clause
#include "health/frames.h"

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <net/if_arp.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <cstring>

namespace lbd::health {

namespace asio = boost::asio;

namespace {

template <typename Header>
void append(Frame& frame, const Header& header) {
    const std::size_t offset = frame.size();
    frame.resize(offset + sizeof(header));
    std::memcpy(&frame[offset], &header, sizeof(header));
}

template <typename Header>
std::optional<Header> header_at(std::span<const std::uint8_t> bytes, std::size_t offset) {
    if (bytes.size() < offset + sizeof(Header)) return std::nullopt;
    Header header;
    std::memcpy(&header, bytes.data() + offset, sizeof(header));
    return header;
}

// RFC 1071, of 16-bit words as they lie in memory.
std::uint32_t sum(std::span<const std::uint8_t> bytes, std::uint32_t before = 0) {
    for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
        std::uint16_t word = 0;
        std::memcpy(&word, &bytes[i], sizeof(word));
        before += word;
    }
    return before;
}

std::uint16_t folded(std::uint32_t sum) {
    while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
}

template <typename Header>
std::span<const std::uint8_t> bytes_of_header(const Header& header) {
    return {reinterpret_cast<const std::uint8_t*>(&header), sizeof(header)};
}

Frame ethernet(const Ends& ends, std::uint16_t type) {
    ether_header header{};
    std::copy(ends.to.begin(), ends.to.end(), header.ether_dhost);
    std::copy(ends.from.begin(), ends.from.end(), header.ether_shost);
    header.ether_type = htons(type);
    Frame frame;
    append(frame, header);
    return frame;
}

Frame ipv4(const Ends& ends, std::uint8_t protocol, const Frame& payload) {
    ip header{};
    header.ip_v = 4;
    header.ip_hl = sizeof(header) / 4;
    header.ip_len = htons(static_cast<std::uint16_t>(sizeof(header) + payload.size()));
    header.ip_off = htons(IP_DF);
    header.ip_ttl = 64;
    header.ip_p = protocol;
    header.ip_src.s_addr = htonl(ends.source.to_v4().to_uint());
    header.ip_dst.s_addr = htonl(ends.vip.to_v4().to_uint());
    header.ip_sum = folded(sum(bytes_of_header(header)));
    Frame frame = ethernet(ends, ETHERTYPE_IP);
    append(frame, header);
    frame.insert(frame.end(), payload.begin(), payload.end());
    return frame;
}

in6_addr in6(const asio::ip::address& address) {
    in6_addr result{};
    const auto bytes = address.to_v6().to_bytes();
    std::copy(bytes.begin(), bytes.end(), result.s6_addr);
    return result;
}

asio::ip::address address_of(const in6_addr& address) {
    asio::ip::address_v6::bytes_type bytes;
    std::copy_n(address.s6_addr, bytes.size(), bytes.begin());
    return asio::ip::address_v6(bytes);
}

asio::ip::address address_of(std::uint32_t network_order) {
    return asio::ip::address_v4(ntohl(network_order));
}

Frame ipv6(const Ends& ends, std::uint8_t protocol, std::uint8_t hop_limit,
           const in6_addr& destination, const Frame& payload) {
    ip6_hdr header{};
    header.ip6_flow = htonl(6U << 28);
    header.ip6_plen = htons(static_cast<std::uint16_t>(payload.size()));
    header.ip6_nxt = protocol;
    header.ip6_hlim = hop_limit;
    header.ip6_src = in6(ends.source);
    header.ip6_dst = destination;
    Frame frame = ethernet(ends, ETHERTYPE_IPV6);
    append(frame, header);
    frame.insert(frame.end(), payload.begin(), payload.end());
    return frame;
}

// RFC 9293 3.1, RFC 8200 8.1: what the transport's checksum counts besides its own bytes.
std::uint16_t transport_checksum(const asio::ip::address& source, const asio::ip::address& target,
                                 std::uint8_t protocol, const Frame& payload) {
    const auto of = [](const asio::ip::address& address) {
        return address.is_v4() ? sum(address.to_v4().to_bytes()) : sum(address.to_v6().to_bytes());
    };
    const std::uint32_t pseudo = of(source) + of(target) + htons(protocol) +
                                 htons(static_cast<std::uint16_t>(payload.size()));
    return folded(sum(payload, pseudo));
}

Frame segment(const Ends& ends, std::uint16_t local, std::uint16_t port, std::uint32_t sequence,
              std::uint8_t flags) {
    tcphdr header{};
    header.th_sport = htons(local);
    header.th_dport = htons(port);
    header.th_seq = htonl(sequence);
    header.th_off = sizeof(header) / 4;
    header.th_flags = flags;
    header.th_win = htons(flags == TH_SYN ? 64240 : 0);
    Frame payload;
    append(payload, header);
    header.th_sum = transport_checksum(ends.source, ends.vip, IPPROTO_TCP, payload);
    payload.clear();
    append(payload, header);
    if (ends.vip.is_v4()) return ipv4(ends, IPPROTO_TCP, payload);
    return ipv6(ends, IPPROTO_TCP, 64, in6(ends.vip), payload);
}

// The checksum of an ICMP message lies in its third and fourth byte.
void set_checksum(Frame& message, std::uint16_t checksum) {
    std::memcpy(&message[2], &checksum, sizeof(checksum));
}

Frame neighbour_solicitation(const Ends& ends) {
    constexpr std::uint8_t source_link_layer_address = 1;
    Frame message{ND_NEIGHBOR_SOLICIT, 0, 0, 0, 0, 0, 0, 0};
    append(message, in6(ends.vip));
    message.insert(message.end(), {source_link_layer_address, 1});
    message.insert(message.end(), ends.from.begin(), ends.from.end());
    // RFC 4291 2.7.1: the solicited-node address.
    auto group = asio::ip::make_address_v6("ff02::1:ff00:0").to_bytes();
    const auto vip = ends.vip.to_v6().to_bytes();
    std::copy(vip.end() - 3, vip.end(), group.end() - 3);
    const asio::ip::address target = asio::ip::address_v6(group);
    set_checksum(message, transport_checksum(ends.source, target, IPPROTO_ICMPV6, message));
    return ipv6(ends, IPPROTO_ICMPV6, 255, in6(target), message);
}

Frame arp_request(const Ends& ends) {
    ether_arp request{};
    request.ea_hdr.ar_hrd = htons(ARPHRD_ETHER);
    request.ea_hdr.ar_pro = htons(ETHERTYPE_IP);
    request.ea_hdr.ar_hln = ETH_ALEN;
    request.ea_hdr.ar_pln = sizeof(in_addr);
    request.ea_hdr.ar_op = htons(ARPOP_REQUEST);
    std::copy(ends.from.begin(), ends.from.end(), request.arp_sha);
    const auto source = ends.source.to_v4().to_bytes();
    const auto vip = ends.vip.to_v4().to_bytes();
    std::copy(source.begin(), source.end(), request.arp_spa);
    std::copy(vip.begin(), vip.end(), request.arp_tpa);
    Frame frame = ethernet(ends, ETHERTYPE_ARP);
    append(frame, request);
    return frame;
}

std::optional<Heard> heard_in_segment(std::span<const std::uint8_t> bytes, Heard heard) {
    const auto header = header_at<tcphdr>(bytes, 0);
    if (!header) return std::nullopt;
    heard.local = ntohs(header->th_dport);
    heard.port = ntohs(header->th_sport);
    heard.number = ntohl(header->th_ack);
    if ((header->th_flags & TH_ACK) == 0) return std::nullopt;
    if ((header->th_flags & TH_RST) != 0)
        heard.kind = Heard::Kind::reset;
    else if ((header->th_flags & TH_SYN) != 0)
        heard.kind = Heard::Kind::syn_ack;
    else
        return std::nullopt;
    return heard;
}

// Both families: type, code, checksum, identifier, sequence number, and our cookie.
std::optional<Heard> heard_in_echo(std::span<const std::uint8_t> bytes, Heard heard) {
    const auto header = header_at<icmphdr>(bytes, 0);
    const auto cookie = header_at<std::uint32_t>(bytes, sizeof(icmphdr));
    if (!header || !cookie) return std::nullopt;
    heard.kind = Heard::Kind::echo_reply;
    heard.local = ntohs(header->un.echo.id);
    heard.number = *cookie;
    return heard;
}

std::optional<Heard> heard_in_ipv4(std::span<const std::uint8_t> bytes, Heard heard) {
    const auto header = header_at<ip>(bytes, 0);
    if (!header || header->ip_v != 4 || header->ip_hl < 5) return std::nullopt;
    if ((ntohs(header->ip_off) & (IP_MF | IP_OFFMASK)) != 0) return std::nullopt;
    const std::size_t length = std::size_t{header->ip_hl} * 4;
    if (bytes.size() < length) return std::nullopt;
    const auto payload = bytes.subspan(length);
    heard.vip = address_of(header->ip_src.s_addr);
    if (header->ip_p == IPPROTO_TCP) return heard_in_segment(payload, heard);
    if (header->ip_p == IPPROTO_ICMP && !payload.empty() && payload[0] == ICMP_ECHOREPLY)
        return heard_in_echo(payload, heard);
    return std::nullopt;
}

std::optional<Heard> heard_in_ipv6(std::span<const std::uint8_t> bytes, Heard heard) {
    const auto header = header_at<ip6_hdr>(bytes, 0);
    if (!header) return std::nullopt;
    const auto payload = bytes.subspan(sizeof(ip6_hdr));
    heard.vip = address_of(header->ip6_src);
    if (header->ip6_nxt == IPPROTO_TCP) return heard_in_segment(payload, heard);
    if (header->ip6_nxt != IPPROTO_ICMPV6 || payload.empty()) return std::nullopt;
    if (payload[0] == ICMP6_ECHO_REPLY) return heard_in_echo(payload, heard);
    const auto advert = header_at<nd_neighbor_advert>(payload, 0);
    if (!advert || payload[0] != ND_NEIGHBOR_ADVERT || header->ip6_hlim != 255) return std::nullopt;
    heard.kind = Heard::Kind::announcement;
    heard.vip = address_of(advert->nd_na_target);
    return heard;
}

std::optional<Heard> heard_in_arp(std::span<const std::uint8_t> bytes, Heard heard) {
    const auto reply = header_at<ether_arp>(bytes, 0);
    if (!reply || reply->ea_hdr.ar_op != htons(ARPOP_REPLY) ||
        reply->ea_hdr.ar_pro != htons(ETHERTYPE_IP) || reply->ea_hdr.ar_hln != ETH_ALEN ||
        reply->ea_hdr.ar_pln != sizeof(in_addr))
        return std::nullopt;
    std::uint32_t sender = 0;
    std::memcpy(&sender, reply->arp_spa, sizeof(sender));
    heard.kind = Heard::Kind::announcement;
    heard.vip = address_of(sender);
    return heard;
}

} // namespace

Frame solicitation(const Ends& ends) {
    return ends.vip.is_v4() ? arp_request(ends) : neighbour_solicitation(ends);
}

Frame syn(const Ends& ends, std::uint16_t local, std::uint16_t port, std::uint32_t sequence) {
    return segment(ends, local, port, sequence, TH_SYN);
}

Frame reset(const Ends& ends, std::uint16_t local, std::uint16_t port, std::uint32_t sequence) {
    return segment(ends, local, port, sequence, TH_RST);
}

Frame echo_request(const Ends& ends, std::uint16_t identifier, std::uint32_t cookie) {
    icmphdr header{};
    header.type = ends.vip.is_v4() ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
    header.un.echo.id = htons(identifier);
    Frame message;
    append(message, header);
    append(message, cookie);
    if (ends.vip.is_v4()) {
        set_checksum(message, folded(sum(message)));
        return ipv4(ends, IPPROTO_ICMP, message);
    }
    set_checksum(message, transport_checksum(ends.source, ends.vip, IPPROTO_ICMPV6, message));
    return ipv6(ends, IPPROTO_ICMPV6, 64, in6(ends.vip), message);
}

std::optional<Heard> heard_in(std::span<const std::uint8_t> frame) {
    const auto header = header_at<ether_header>(frame, 0);
    if (!header) return std::nullopt;
    Heard heard{};
    std::copy_n(header->ether_shost, heard.from.size(), heard.from.begin());
    const auto payload = frame.subspan(sizeof(ether_header));
    switch (ntohs(header->ether_type)) {
        case ETHERTYPE_ARP:
            return heard_in_arp(payload, heard);
        case ETHERTYPE_IP:
            return heard_in_ipv4(payload, heard);
        case ETHERTYPE_IPV6:
            return heard_in_ipv6(payload, heard);
        default:
            return std::nullopt;
    }
}

} // namespace lbd::health
