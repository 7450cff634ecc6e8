// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/fragment_out.h"

#include <rte_ip.h>

#include <algorithm>
#include <cstring>

namespace lbd::dataplane {

namespace {

constexpr std::uint32_t unit = 8; // bytes, in which offsets are counted
constexpr unsigned char end_of_options = 0;
constexpr unsigned char no_operation = 1;
constexpr unsigned char copied = 0x80;

// RFC 791 3.1: options without the copied flag are in the first fragment only. Their place is kept.
void blank_options(unsigned char* option, const unsigned char* end) {
    while (option < end && *option != end_of_options) {
        std::size_t length = 1;
        if (*option != no_operation) length = option + 1 < end ? option[1] : 0;
        if (length == 0 || length > static_cast<std::size_t>(end - option)) return; // malformed
        if ((*option & copied) == 0) std::memset(option, no_operation, length);
        option += length;
    }
}

struct Plan {
    const rte_mbuf& packet;
    std::uint16_t l3_offset;
    std::uint32_t header_length;
    std::uint32_t payload_length;
};

// One fragment with the payload's bytes from `offset` on; nullptr without a buffer.
rte_mbuf* make_fragment(const Plan& plan, std::uint32_t offset, std::uint32_t length,
                        rte_mempool& buffers) {
    rte_mbuf* fragment = rte_pktmbuf_alloc(&buffers);
    if (fragment == nullptr) return nullptr;
    const std::uint32_t before = plan.l3_offset + plan.header_length;
    auto* at = reinterpret_cast<unsigned char*>(
        rte_pktmbuf_append(fragment, static_cast<std::uint16_t>(before + length)));
    if (at == nullptr) {
        rte_pktmbuf_free(fragment);
        return nullptr;
    }
    std::memcpy(at, rte_pktmbuf_mtod(&plan.packet, const void*), before);
    const void* payload = rte_pktmbuf_read(&plan.packet, before + offset, length, at + before);
    if (payload != at + before) std::memcpy(at + before, payload, length);

    auto* ip = reinterpret_cast<rte_ipv4_hdr*>(at + plan.l3_offset);
    if (offset != 0) blank_options(at + plan.l3_offset + sizeof(*ip), at + before);
    const std::uint16_t old = rte_be_to_cpu_16(ip->fragment_offset);
    const bool more = (old & RTE_IPV4_HDR_MF_FLAG) != 0 || offset + length < plan.payload_length;
    const std::uint32_t start = (old & RTE_IPV4_HDR_OFFSET_MASK) + offset / unit;
    ip->fragment_offset =
        rte_cpu_to_be_16(static_cast<std::uint16_t>(start | (more ? RTE_IPV4_HDR_MF_FLAG : 0)));
    ip->total_length = rte_cpu_to_be_16(static_cast<std::uint16_t>(plan.header_length + length));
    ip->hdr_checksum = 0;
    ip->hdr_checksum = rte_ipv4_cksum(ip);
    return fragment;
}

} // namespace

bool may_be_fragmented(const rte_mbuf& packet, std::uint16_t l3_offset) {
    const auto* ip = rte_pktmbuf_mtod_offset(&packet, const rte_ipv4_hdr*, l3_offset);
    return (ip->fragment_offset & rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG)) == 0;
}

unsigned fragment_out(const rte_mbuf& packet, std::uint16_t l3_offset, std::uint16_t mtu,
                      rte_mempool& buffers, std::array<rte_mbuf*, most_fragments>& fragments) {
    const auto* ip = rte_pktmbuf_mtod_offset(&packet, const rte_ipv4_hdr*, l3_offset);
    const std::uint32_t header_length = rte_ipv4_hdr_len(ip);
    const Plan plan{packet, l3_offset, header_length,
                    rte_be_to_cpu_16(ip->total_length) - header_length};
    const std::uint32_t step = (mtu - header_length) & ~(unit - 1);
    unsigned count = 0;
    for (std::uint32_t offset = 0; offset < plan.payload_length; offset += step) {
        rte_mbuf* fragment =
            count == most_fragments
                ? nullptr
                : make_fragment(plan, offset, std::min(step, plan.payload_length - offset),
                                buffers);
        if (fragment == nullptr) {
            rte_pktmbuf_free_bulk(fragments.data(), count);
            return 0;
        }
        fragments[count++] = fragment;
    }
    return count;
}

} // namespace lbd::dataplane
