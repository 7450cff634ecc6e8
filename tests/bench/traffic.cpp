// SPDX-License-Identifier: BSD-3-Clause
#include "tests/bench/traffic.h"

#include <netinet/in.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <numeric>

namespace lbd::bench {

namespace {

constexpr std::uint16_t smallest = 60; // 64 with the checksum that the NIC appends
constexpr std::array<std::uint16_t, 12> mixed{60, 60, 572, 60, 60, 572, 60, 1496, 572, 60, 60, 572};

constexpr rte_be16_t service_port = RTE_BE16(80);

// An address in rte_ipv6_hdr is a struct since DPDK 24.11 and was an array before, so it is written
// as bytes.
constexpr std::array<std::uint8_t, 16> ipv6_client{0xfd};
constexpr std::array<std::uint8_t, 16> ipv6_vip{0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

} // namespace

void Traffic::set(const Settings& settings) {
    settings_ = settings;
    next_ = 0;
    // A step without a common divisor visits every flow, far from the one before.
    step_ = settings.flows * 618 / 1000 | 1;
    while (std::gcd(step_, settings.flows) != 1) step_ += 2;

    std::memset(template_, 0, sizeof(template_));
    auto* ethernet = reinterpret_cast<rte_ether_hdr*>(template_);
    ethernet->dst_addr = to_;
    ethernet->src_addr = {{2, 0, 0, 0, 0, 0x99}};
    const std::uint8_t protocol = settings.kind == Kind::udp ? IPPROTO_UDP : IPPROTO_TCP;
    unsigned char* l4 = nullptr;
    if (settings.ipv6) {
        ethernet->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV6);
        auto* ip = reinterpret_cast<rte_ipv6_hdr*>(ethernet + 1);
        ip->vtc_flow = RTE_BE32(0x60000000);
        ip->proto = protocol;
        ip->hop_limits = 64;
        std::memcpy(&ip->src_addr, ipv6_client.data(), ipv6_client.size());
        std::memcpy(&ip->dst_addr, ipv6_vip.data(), ipv6_vip.size());
        l4 = reinterpret_cast<unsigned char*>(ip + 1);
    } else {
        ethernet->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
        auto* ip = reinterpret_cast<rte_ipv4_hdr*>(ethernet + 1);
        ip->version_ihl = RTE_IPV4_VHL_DEF;
        ip->time_to_live = 64;
        ip->next_proto_id = protocol;
        ip->dst_addr = RTE_BE32(0xc000020a); // 192.0.2.10
        checksum_ = rte_raw_cksum(ip, sizeof(*ip));
        l4 = reinterpret_cast<unsigned char*>(ip + 1);
    }
    if (settings.kind == Kind::udp) {
        reinterpret_cast<rte_udp_hdr*>(l4)->dst_port = service_port;
        reinterpret_cast<rte_udp_hdr*>(l4)->dgram_len = RTE_BE16(sizeof(rte_udp_hdr));
    } else {
        auto* tcp = reinterpret_cast<rte_tcp_hdr*>(l4);
        tcp->dst_port = service_port;
        tcp->data_off = 5 << 4;
        tcp->tcp_flags = settings.kind == Kind::tcp_syn ? RTE_TCP_SYN_FLAG : RTE_TCP_ACK_FLAG;
    }
}

std::uint64_t Traffic::client_of(std::uint64_t flow) const {
    return settings_.clients == 0 ? flow : flow % settings_.clients;
}

std::uint16_t Traffic::port_of(std::uint64_t flow) const {
    const std::uint64_t turn = settings_.clients == 0 ? 0 : flow / settings_.clients;
    return static_cast<std::uint16_t>(1024 + turn % 60000);
}

std::uint16_t Traffic::next_length() {
    if (!settings_.mixed_sizes) return smallest;
    if (++size_turn_ == mixed.size()) size_turn_ = 0;
    return mixed[size_turn_];
}

void Traffic::write_ipv4(rte_mbuf& packet, std::uint64_t flow) {
    auto* data = rte_pktmbuf_mtod(&packet, unsigned char*);
    std::memcpy(data, template_, 64);
    auto* ip = reinterpret_cast<rte_ipv4_hdr*>(data + sizeof(rte_ether_hdr));
    const auto length = static_cast<std::uint16_t>(packet.pkt_len - sizeof(rte_ether_hdr));
    ip->total_length = rte_cpu_to_be_16(length);
    const std::uint32_t source = rte_cpu_to_be_32(
        static_cast<std::uint32_t>(0x0a000000 + client_of(flow))); // from 10.0.0.0 on
    ip->src_addr = source;
    std::uint32_t sum = checksum_ + (source >> 16) + (source & 0xffff) + ip->total_length;
    sum = (sum >> 16) + (sum & 0xffff);
    sum = (sum >> 16) + (sum & 0xffff);
    ip->hdr_checksum = static_cast<std::uint16_t>(~sum);
    reinterpret_cast<rte_udp_hdr*>(ip + 1)->src_port = rte_cpu_to_be_16(port_of(flow));
}

void Traffic::write_ipv6(rte_mbuf& packet, std::uint64_t flow) {
    auto* data = rte_pktmbuf_mtod(&packet, unsigned char*);
    std::memcpy(data, template_, 80);
    auto* ip = reinterpret_cast<rte_ipv6_hdr*>(data + sizeof(rte_ether_hdr));
    ip->payload_len = rte_cpu_to_be_16(
        static_cast<std::uint16_t>(packet.pkt_len - sizeof(rte_ether_hdr) - sizeof(*ip)));
    const std::uint64_t client = client_of(flow);
    std::memcpy(data + sizeof(rte_ether_hdr) + offsetof(rte_ipv6_hdr, src_addr) + 8, &client,
                sizeof(client));
    reinterpret_cast<rte_udp_hdr*>(ip + 1)->src_port = rte_cpu_to_be_16(port_of(flow));
}

// In the headers: Ethernet's, IP's and the beginning of TCP's or UDP's.
void Traffic::spoil(rte_mbuf& packet) {
    if (settings_.spoilt == 0 || ++spoil_turn_ % settings_.spoilt != 0) return;
    random_ ^= random_ << 13;
    random_ ^= random_ >> 7;
    random_ ^= random_ << 17;
    rte_pktmbuf_mtod(&packet, unsigned char*)[random_ % 68] =
        static_cast<unsigned char>(random_ >> 32);
}

void Traffic::write(rte_mbuf** packets, std::uint16_t count) {
    for (std::uint16_t i = 0; i < count; ++i) {
        rte_mbuf& packet = *packets[i];
        std::uint16_t length = next_length();
        if (settings_.ipv6 && length == smallest)
            length += 14; // 40 + 20 are more than Ethernet's 46
        packet.data_len = length;
        packet.pkt_len = length;
        const std::uint64_t flow = settings_.first + next_;
        next_ += step_;
        if (next_ >= settings_.flows) next_ -= settings_.flows;
        if (settings_.ipv6)
            write_ipv6(packet, flow);
        else
            write_ipv4(packet, flow);
        spoil(packet);
    }
    written_ += count;
}

} // namespace lbd::bench
