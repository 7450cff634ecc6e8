// SPDX-License-Identifier: BSD-3-Clause
// Frames for benchmarks: written into whatever a port hands out, on the receiving side, so that
// the subject and its yardstick pay the same for them.
#pragma once

#include <rte_ether.h>
#include <rte_mbuf.h>

#include <cstdint>

namespace lbd::bench {

enum class Kind : std::uint8_t { tcp_ack, tcp_syn, udp };

class Traffic {
  public:
    struct Settings {
        bool ipv6 = false;
        Kind kind = Kind::tcp_ack;
        std::uint64_t first = 0;   // number of the first flow
        std::uint64_t flows = 1;   // then over again
        std::uint64_t clients = 0; // flows come from so many clients in turn; 0: each from its own
        unsigned spoilt = 0;       // one frame in so many has a random byte changed; 0: none
        bool mixed_sizes = false;  // 64, 576 and 1500 bytes, 7 : 4 : 1; otherwise 64
    };

    explicit Traffic(const rte_ether_addr& to) : to_(to) {}

    // Not while a port uses the traffic.
    void set(const Settings& settings);
    // Makes the packets the next frames.
    void write(rte_mbuf** packets, std::uint16_t count);
    std::uint64_t written() const { return written_; }

  private:
    void write_ipv4(rte_mbuf& packet, std::uint64_t flow);
    void write_ipv6(rte_mbuf& packet, std::uint64_t flow);
    void spoil(rte_mbuf& packet);
    std::uint16_t next_length();
    std::uint64_t client_of(std::uint64_t flow) const;
    std::uint16_t port_of(std::uint64_t flow) const;

    rte_ether_addr to_;
    Settings settings_;
    alignas(64) unsigned char template_[128]{};
    std::uint64_t step_ = 1;
    std::uint64_t next_ = 0;
    std::uint64_t written_ = 0;
    std::uint32_t checksum_ = 0; // of the template's IPv4 header without source and length
    unsigned size_turn_ = 0;
    unsigned spoil_turn_ = 0;
    std::uint64_t random_ = 88172645463325252u;
};

} // namespace lbd::bench
