// SPDX-License-Identifier: BSD-3-Clause
// Frames of checks of virtual addresses. That hosts understand them is shown end to end.
#include "health/frames.h"

#include <algorithm>
#include <random>

#include "tests/unit/catch.h"

namespace lbd::health {

namespace {

using boost::asio::ip::make_address;

constexpr Mac ours{2, 0, 0, 0, 0, 1};
constexpr Mac theirs{2, 0, 0, 0, 0, 2};

const Ends v4{ours, theirs, make_address("10.0.0.2"), make_address("10.0.0.100")};
const Ends v6{ours, theirs, make_address("fd00::2"), make_address("fd00::100")};

// Computed by scapy:
// Ether()/IP(flags="DF",id=0)/TCP(sport=4000,dport=80,seq=1,flags="S",window=64240)
const Frame scapys_syn{0x02, 0x00, 0x00, 0x00, 0x00, 0x02, 0x02, 0x00, 0x00, 0x00, 0x00,
                       0x01, 0x08, 0x00, 0x45, 0x00, 0x00, 0x28, 0x00, 0x00, 0x40, 0x00,
                       0x40, 0x06, 0x26, 0x6b, 0x0a, 0x00, 0x00, 0x02, 0x0a, 0x00, 0x00,
                       0x64, 0x0f, 0xa0, 0x00, 0x50, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00,
                       0x00, 0x00, 0x50, 0x02, 0xfa, 0xf0, 0x90, 0x9b, 0x00, 0x00};

// The same frame with the ends exchanged, as the host would answer.
Frame exchanged(Frame frame, std::size_t address, std::size_t size) {
    std::swap_ranges(frame.begin(), frame.begin() + 6, frame.begin() + 6);
    std::swap_ranges(frame.begin() + address, frame.begin() + address + size,
                     frame.begin() + address + size);
    return frame;
}

// Of a SYN, with what its answer has.
Frame answer_to(Frame frame, bool ipv4, std::uint8_t flags) {
    const std::size_t segment = ipv4 ? 34 : 54;
    frame = exchanged(std::move(frame), ipv4 ? 26 : 22, ipv4 ? 4 : 16);
    std::swap_ranges(frame.begin() + segment, frame.begin() + segment + 2,
                     frame.begin() + segment + 2);
    std::copy_n(frame.begin() + segment + 4, 4, frame.begin() + segment + 8);
    ++frame[segment + 11];
    frame[segment + 13] = flags;
    return frame;
}

} // namespace

TEST_CASE("a SYN is as others make it, byte for byte", "[frames]") {
    CHECK(syn(v4, 4000, 80, 1) == scapys_syn);
}

TEST_CASE("a SYN's answers are heard, and what they acknowledge", "[frames]") {
    for (const bool ipv4 : {true, false}) {
        const Ends& ends = ipv4 ? v4 : v6;
        const Frame asked = syn(ends, 4000, 80, 7);
        CHECK_FALSE(heard_in(asked));
        const auto accepted = heard_in(answer_to(asked, ipv4, 0x12));
        REQUIRE(accepted);
        CHECK(accepted->kind == Heard::Kind::syn_ack);
        CHECK(accepted->from == theirs);
        CHECK(accepted->vip == ends.vip);
        CHECK(accepted->local == 4000);
        CHECK(accepted->port == 80);
        CHECK(accepted->number == 8);
        const auto refused = heard_in(answer_to(asked, ipv4, 0x14));
        REQUIRE(refused);
        CHECK(refused->kind == Heard::Kind::reset);
        CHECK_FALSE(heard_in(answer_to(asked, ipv4, 0x10)));
    }
}

TEST_CASE("an echo's reply has its cookie", "[frames]") {
    for (const bool ipv4 : {true, false}) {
        const Ends& ends = ipv4 ? v4 : v6;
        Frame frame = exchanged(echo_request(ends, 77, 0x12345678), ipv4 ? 26 : 22, ipv4 ? 4 : 16);
        CHECK_FALSE(heard_in(frame));
        frame[ipv4 ? 34 : 54] = ipv4 ? 0 : 129;
        const auto heard = heard_in(frame);
        REQUIRE(heard);
        CHECK(heard->kind == Heard::Kind::echo_reply);
        CHECK(heard->local == 77);
        CHECK(heard->number == 0x12345678);
        CHECK(heard->vip == ends.vip);
    }
}

TEST_CASE("who says that it has an address is heard", "[frames]") {
    Frame reply = exchanged(solicitation(v4), 0, 0);
    CHECK_FALSE(heard_in(reply));
    reply[21] = 2; // a reply
    std::swap_ranges(reply.begin() + 28, reply.begin() + 32, reply.begin() + 38);
    const auto announced = heard_in(reply);
    REQUIRE(announced);
    CHECK(announced->kind == Heard::Kind::announcement);
    CHECK(announced->vip == v4.vip);

    Frame advert = solicitation(v6);
    CHECK(advert[21] == 255);
    CHECK_FALSE(heard_in(advert));
    advert[54] = 136;
    REQUIRE(heard_in(advert));
    CHECK(heard_in(advert)->vip == v6.vip);
    advert[21] = 254; // it has come through a router (RFC 4861 7.1.2)
    CHECK_FALSE(heard_in(advert));
}

TEST_CASE("no frame, however cut or damaged, is read past its end", "[frames]") {
    std::mt19937 random(1);
    for (const Frame& whole : {syn(v4, 1, 2, 3), syn(v6, 1, 2, 3), solicitation(v4),
                               solicitation(v6), echo_request(v4, 1, 2), echo_request(v6, 1, 2)}) {
        for (std::size_t length = 0; length <= whole.size(); ++length) {
            const Frame cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
            heard_in(cut);
            for (int i = 0; i < 50; ++i) {
                Frame damaged = cut;
                if (!damaged.empty())
                    damaged[random() % damaged.size()] = static_cast<std::uint8_t>(random());
                heard_in(damaged);
            }
        }
    }
}

} // namespace lbd::health
