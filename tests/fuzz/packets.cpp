// SPDX-License-Identifier: BSD-3-Clause
// Frames from a port up to what leaves by one: parsed, decided about, rewritten or answered. The
// input is a director, and then one record after the other: a byte that says what happens, ticks
// that pass, and its own bytes.
#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "../unit/dataplane/packets.h"
#include "director.h"
#include "lb/dataplane/answer.h"
#include "lb/dataplane/fragment_out.h"
#include "lb/dataplane/fragments.h"
#include "lb/dataplane/parse_plain.h"
#include "lb/dataplane/ttl.h"
#include "lb/dataplane/vlan.h"
#include "target.h"

using namespace lbd;
using namespace lbd::dataplane;

namespace {

using dataplane::test::own_macs;

constexpr std::uint16_t headroom = 128;
constexpr std::uint16_t mtu = 1500;

// A frame in memory of its own that ends where the frame does.
class Frame {
  public:
    explicit Frame(std::span<const std::uint8_t> bytes)
        : bytes_(std::make_unique<std::uint8_t[]>(headroom + bytes.size())) {
        std::copy(bytes.begin(), bytes.end(), bytes_.get() + headroom);
        packet_->buf_addr = bytes_.get();
        packet_->buf_len = static_cast<std::uint16_t>(headroom + bytes.size());
        packet_->data_off = headroom;
        packet_->nb_segs = 1;
        packet_->data_len = static_cast<std::uint16_t>(bytes.size());
        packet_->pkt_len = packet_->data_len;
    }
    rte_mbuf& packet() { return *packet_; }
    std::uint8_t* data() { return rte_pktmbuf_mtod(packet_.get(), std::uint8_t*); }
    std::size_t size() const { return packet_->data_len; }
    std::vector<std::uint8_t> copy() { return {data(), data() + size()}; }

  private:
    std::unique_ptr<std::uint8_t[]> bytes_;
    std::unique_ptr<rte_mbuf> packet_ = std::make_unique<rte_mbuf>();
};

// A fuzzer does not guess checksums.
void correct_checksum(Frame& frame) {
    if (frame.size() < sizeof(rte_ether_hdr) + sizeof(rte_ipv4_hdr)) return;
    const std::size_t offset = frame.data()[12] == 0x81 ? 18 : 14;
    if (frame.size() < offset + sizeof(rte_ipv4_hdr) || frame.data()[offset] >> 4 != 4) return;
    const std::size_t length = (frame.data()[offset] & 15) * 4U;
    if (length < sizeof(rte_ipv4_hdr) || frame.size() < offset + length) return;
    std::uint8_t* const ip = frame.data() + offset;
    ip[10] = ip[11] = 0;
    const auto sum = static_cast<std::uint16_t>(~rte_raw_cksum(ip, length));
    std::memcpy(ip + 10, &sum, sizeof(sum));
}

Parsed parsed_of(Frame& frame) {
    const auto before = frame.copy();
    Parsed plain;
    const bool is_plain = parse_plain(frame.packet(), own_macs, plain);
    Parsed full;
    parse(frame.packet(), own_macs, full);
    fuzz::require(before == frame.copy(), "parsing changes nothing");
    if (!is_plain) return full;
    fuzz::require(full.kind == PacketClass::flow && plain.kind == PacketClass::flow,
                  "what is plain is a flow");
    fuzz::require(!full.first_fragment && !plain.first_fragment, "what is plain is whole");
    fuzz::require(plain.ipv6 == full.ipv6 &&
                      (plain.ipv6 ? plain.v6 == full.v6 : plain.v4 == full.v4) &&
                      plain.vlan == full.vlan && plain.tcp_flags == full.tcp_flags &&
                      plain.l3_offset == full.l3_offset && plain.l4_offset == full.l4_offset,
                  "the short way reads as the long way does");
    return plain;
}

void check_ip(Frame& frame, std::uint16_t offset) {
    const std::uint8_t* const ip = frame.data() + offset;
    const std::size_t room = frame.size() - offset;
    if (ip[0] >> 4 == 4) {
        const std::size_t header = (ip[0] & 15) * 4U;
        fuzz::require(header >= sizeof(rte_ipv4_hdr) && header <= room, "a header is whole");
        fuzz::require(rte_raw_cksum(ip, header) == 0xffff, "what leaves has a checksum");
        fuzz::require((ip[2] << 8U | ip[3]) <= static_cast<int>(room), "what leaves is whole");
    } else {
        fuzz::require(ip[0] >> 4 == 6 && room >= sizeof(rte_ipv6_hdr), "a header is whole");
        fuzz::require((ip[4] << 8U | ip[5]) + 40 <= static_cast<int>(room), "what leaves is whole");
    }
}

bool may_live_on(Frame& frame, const Parsed& parsed) {
    void* const ip = frame.data() + parsed.l3_offset;
    return parsed.ipv6 ? decrement_hop_limit(*static_cast<rte_ipv6_hdr*>(ip))
                       : decrement_ttl(*static_cast<rte_ipv4_hdr*>(ip));
}

template <typename Turn>
void answer(Frame& frame, const Parsed& parsed, Turn&& turn) {
    if (parsed.kind != PacketClass::flow) return; // Egress::answer
    const auto before = frame.copy();
    if (!turn()) return;
    fuzz::require(std::equal(before.begin(), before.begin() + 6, frame.data() + 6) &&
                      std::equal(before.begin() + 6, before.begin() + 12, frame.data()),
                  "an answer goes to the MAC address that asked");
    check_ip(frame, parsed.l3_offset);
}

void reject(Frame& frame, const Parsed& parsed) {
    const std::uint8_t protocol = parsed.ipv6 ? parsed.v6.protocol : parsed.v4.protocol;
    answer(frame, parsed, [&] {
        return protocol == IPPROTO_TCP
                   ? turn_into_reset(frame.packet(), parsed.l3_offset, parsed.l4_offset)
                   : turn_into_port_unreachable(frame.packet(), parsed.l3_offset);
    });
}

// As Egress::forward does.
void forward(Frame& frame, const Parsed& parsed, const BackendEntry& backend, std::uint16_t vlan) {
    if (backend.decrement_ttl && !may_live_on(frame, parsed))
        return answer(frame, parsed,
                      [&] { return turn_into_time_exceeded(frame.packet(), parsed.l3_offset); });
    const unsigned room = mtu - overhead(backend.tunnel);
    if (frame.size() - parsed.l3_offset > room) {
        if (parsed.ipv6 || !may_be_fragmented(frame.packet(), parsed.l3_offset))
            answer(frame, parsed, [&] {
                return turn_into_too_big(frame.packet(), parsed.l3_offset,
                                         static_cast<std::uint16_t>(room));
            });
        return;
    }
    fuzz::require(encapsulate(frame.packet(), parsed.l3_offset, backend.tunnel, 0x5eed5eed5eed, 1),
                  "there is room for a tunnel");
    check_ip(frame, parsed.l3_offset);
    fuzz::require(set_tag(frame.packet(), parsed.l3_offset, vlan), "there is room for a tag");
}

class Network {
  public:
    explicit Network(fuzz::Input& input) : director_(input) {}
    ~Network() {
        for (int i = 0; i < 200; ++i) { // its sweep looks at a tenth a time
            director_.pass(ticks_per_second);
            fragments_.sweep(director_.now(), [this](rte_mbuf* lost) { drop(lost); });
        }
        fuzz::require(held_.empty() && fragments_.held() == 0, "no fragment is held for ever");
        director_.end();
    }
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;

    void happen(fuzz::Input& input) {
        const std::uint8_t what = input.byte();
        director_.pass(input.byte() * ((what & 0x80) != 0 ? 100U : 1U));
        switch (what & 15) {
            case 0:
                return director_.reload(input);
            case 1:
                return director_.sweep();
            case 2:
                fragments_.sweep(director_.now(), [this](rte_mbuf* lost) { drop(lost); });
                return;
            case 3:
                return import(input);
            default:
                return arrive(input, what);
        }
    }

  private:
    void arrive(fuzz::Input& input, std::uint8_t what) {
        auto frame = std::make_unique<Frame>(input.take(input.two() & 0x7ff));
        if ((what & 16) == 0) correct_checksum(*frame);
        if ((what & 32) != 0) {
            frame->packet().ol_flags |= RTE_MBUF_F_RX_VLAN_STRIPPED;
            frame->packet().vlan_tci = 0x6007;
        }
        if ((what & 64) != 0) return check_segmented(*frame, input);
        const Parsed parsed = parsed_of(*frame);
        if (parsed.kind == PacketClass::malformed)
            return fuzz::require(
                parsed.reason != DropReason::none && parsed.reason < DropReason::count_,
                "what is malformed says why");
        if (parsed.kind == PacketClass::host) return;
        vlan_ = (what & 8) != 0 ? 7 : 0;
        if (parsed.kind == PacketClass::fragment) return later_fragment(std::move(frame), parsed);
        const Verdict verdict = director_.decide(parsed, frame->packet().pkt_len);
        carry_out(verdict, *frame, parsed);
        if (parsed.first_fragment) first_fragment(verdict, parsed);
    }

    // Of a packet in several segments the headers are in the first.
    static void check_segmented(Frame& frame, fuzz::Input& input) {
        frame.packet().pkt_len += input.two();
        parsed_of(frame);
    }

    void carry_out(const Verdict& verdict, Frame& frame, const Parsed& parsed) {
        switch (verdict.kind) {
            case Verdict::Kind::forward:
                fuzz::require(director_.table().knows(verdict.backend), "a backend is known");
                return forward(frame, parsed, director_.table().backend(verdict.backend), vlan_);
            case Verdict::Kind::punt: // the host gets it without its tag
                fuzz::require(set_tag(frame.packet(), parsed.l3_offset, 0), "a tag goes");
                return;
            case Verdict::Kind::drop:
                return fuzz::require(verdict.reason != DropReason::none, "a drop has a reason");
            case Verdict::Kind::reject:
                fuzz::require(verdict.reason != DropReason::none, "a rejection has a reason");
                return reject(frame, parsed);
            case Verdict::Kind::ask_owner:
                fuzz::require(false, "an owner that has answered is not asked again");
        }
    }

    static DatagramKey datagram_of(const Parsed& parsed) {
        return parsed.ipv6 ? datagram_key(parsed.v6, parsed.fragment_id)
                           : datagram_key(parsed.v4, parsed.fragment_id);
    }

    void later_fragment(std::unique_ptr<Frame> frame, const Parsed& parsed) {
        const auto answer = fragments_.later(datagram_of(parsed), &frame->packet(), director_.now(),
                                             [this](rte_mbuf* lost) { drop(lost); });
        if (answer.outcome == FragmentOutcome::held) held_.push_back(std::move(frame));
        if (answer.outcome == FragmentOutcome::decided) carry_out(answer.decision, *frame, parsed);
    }

    void first_fragment(const Verdict& verdict, const Parsed& parsed) {
        fragments_.first(
            datagram_of(parsed), verdict, director_.now(),
            [&](rte_mbuf* packet) {
                const auto frame = released(packet);
                carry_out(verdict, *frame, parsed_of(*frame));
            },
            [this](rte_mbuf* lost) { drop(lost); });
    }

    std::unique_ptr<Frame> released(const rte_mbuf* packet) {
        const auto found = std::find_if(held_.begin(), held_.end(), [packet](const auto& frame) {
            return &frame->packet() == packet;
        });
        fuzz::require(found != held_.end(), "what is let go was held");
        auto frame = std::move(*found);
        held_.erase(found);
        return frame;
    }
    void drop(const rte_mbuf* packet) { released(packet); }

    // What the control plane hands on: of a service and a backend that are here.
    void import(fuzz::Input& input) {
        FlowEvent event;
        const std::uint8_t kind = input.byte();
        const std::uint8_t client = input.byte();
        const rte_be16_t port = (kind & 2) != 0 ? rte_be16_t{input.byte()} : RTE_BE16(40112);
        const std::uint8_t protocol = (kind & 4) != 0 ? IPPROTO_UDP : IPPROTO_TCP;
        event.state = static_cast<FlowState>(2 + input.byte() % 6);
        if ((kind & 1) != 0)
            event.set_key(KeyV6{{0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, client},
                                {0x20, 1, 0x0d, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10},
                                port,
                                RTE_BE16(80),
                                protocol,
                                {}});
        else
            event.set_key(KeyV4{RTE_BE32(0xc6336400) | rte_be32_t{client} << 24,
                                RTE_BE32(0xc000020a),
                                port,
                                RTE_BE16(80),
                                protocol,
                                {}});
        event.repeated = (kind & 8) != 0;
        event.backend = input.byte();
        event.generation = (kind & 16) != 0 ? 1 : 0;
        event.remaining = input.four() % (604'800 * ticks_per_second + 1);
        const bool taken = director_.import(event);
        fuzz::require(!taken || director_.table().knows(event.backend), "a backend is known");
    }

    fuzz::Director director_;
    FragmentTable<Verdict> fragments_{16, 8, {23, 29}};
    std::vector<std::unique_ptr<Frame>> held_;
    std::uint16_t vlan_ = 0;
};

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input(data, size);
    Network network(input);
    while (!input.empty()) network.happen(input);
    return 0;
}
