// SPDX-License-Identifier: BSD-3-Clause
// fuzz-seeds CORPUS: writes the corpora that are no text, always the same.
#include "seeds.h"

#include <cstdio>
#include <exception>

#include "health/dns.h"
#include "health/frames.h"
#include "lb/control/sync/entry.h"
#include "vrrp/packet.h"

using namespace lbd;
using boost::asio::ip::make_address;
using fuzz::Seed;

namespace {

namespace fs = std::filesystem;

Seed text(unsigned kind, std::string_view bytes) {
    Seed seed;
    seed.byte(kind);
    return seed.add({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

void write_checks(const fs::path& corpus) {
    const auto page = [&](const char* name, unsigned kind, unsigned status, std::string_view body) {
        Seed seed;
        seed.byte(0).byte(kind).two(status);
        seed.add({reinterpret_cast<const std::uint8_t*>(body.data()), body.size()});
        seed.write(corpus, "checks", name);
    };
    page("page-matches", 8, 200, "<html><title>Welcome</title></html>");
    page("page-of-another-status", 1, 404, "");
    page("page-with-md5", 2 | 4, 200, "hello\n");
    page("page-with-sha256", 2, 200, "hello\n");

    auto answer = health::dns_query("www.example.com", "A", 0x4c42);
    answer.at(2) |= 0x80;
    Seed().byte(1).add(answer).write(corpus, "checks", "dns-answer");
    answer.at(3) |= 3;
    Seed().byte(1).add(answer).write(corpus, "checks", "dns-no-such-name");

    text(2,
         "\xff"
         "220-mail.example\r\n220 ready\r\n250 well\r\n")
        .write(corpus, "checks", "smtp");
    text(2,
         "\x03"
         "554 no\n\x02"
         "250\r\n")
        .write(corpus, "checks", "smtp-in-pieces");

    for (const bool v4 : {true, false}) {
        const health::Ends ends{{2, 0, 0, 0, 0, 1},
                                {2, 0, 0, 0, 0, 2},
                                make_address(v4 ? "192.0.2.1" : "2001:db8::1"),
                                make_address(v4 ? "192.0.2.10" : "2001:db8::10")};
        const std::string family = v4 ? "-ipv4" : "-ipv6";
        auto segment = health::syn(ends, 40112, 80, 1000);
        segment.at(v4 ? 47 : 67) = 0x12; // SYN and ACK
        Seed().byte(3).add(segment).write(corpus, "checks", "frame-syn-ack" + family);
        auto echo = health::echo_request(ends, 77, 0x1234);
        echo.at(v4 ? 34 : 54) = v4 ? 0 : 129;
        Seed().byte(3).add(echo).write(corpus, "checks", "frame-echo-reply" + family);
        auto solicited = health::solicitation(ends);
        solicited.at(v4 ? 21 : 54) = v4 ? 2 : 136;
        Seed().byte(3).add(solicited).write(corpus, "checks", "frame-announcement" + family);
        Seed packet;
        packet.byte(4).byte(v4 ? 1 : 0);
        if (v4) packet.byte(0x45).add(std::vector<std::uint8_t>(19));
        packet.byte(v4 ? 0 : 129).add(std::vector<std::uint8_t>(7));
        const std::string_view cookie = "gnip-dbl"; // as a little-endian machine has it
        packet.add({reinterpret_cast<const std::uint8_t*>(cookie.data()), cookie.size()});
        packet.write(corpus, "checks", "ping" + family);
    }
}

Seed router(unsigned kind, unsigned priority) {
    Seed seed;
    seed.byte(kind).byte(priority).byte(2);
    return seed.byte(0).two(0); // ready
}

void write_vrrp(const fs::path& corpus) {
    for (const unsigned kind : {16u, 17u, 18u, 21u, 24u, 48u}) {
        const bool v6 = (kind & 2) != 0;
        const bool v2 = (kind & 1) != 0;
        vrrp::Advertisement advertisement;
        advertisement.version = v2 ? 2 : 3;
        advertisement.vrid = 51;
        advertisement.priority = 150;
        advertisement.addresses = {make_address(v6 ? "fe80::100" : "10.0.0.100")};
        if ((kind & 4) != 0) advertisement.password = "secret";
        Seed seed = router(kind, 100);
        for (const std::uint8_t priority : {150, 50, 0}) {
            advertisement.priority = priority;
            const auto message =
                vrrp::serialize(advertisement, make_address(v6 ? "fe80::2" : "10.0.0.2"),
                                v6 ? vrrp::multicast_group_v6 : vrrp::multicast_group_v4);
            seed.byte(7).two(100).byte(static_cast<unsigned>(message.size())).add(message);
            seed.byte(5).two(360);
        }
        seed.byte(2).two(1).byte(3).two(1).byte(4).two(1).byte(1).two(1);
        const std::string name = std::string("version-") + (v2 ? "2" : "3") +
                                 (v6 ? "-ipv6" : "-ipv4") + ((kind & 4) != 0 ? "-password" : "") +
                                 ((kind & 8) != 0 ? "-unicast" : "") +
                                 ((kind & 32) != 0 ? "-owner" : "");
        seed.write(corpus, "vrrp", name);
    }
}

namespace sync = control::sync;

sync::Bytes entries() {
    sync::Bytes bytes;
    dataplane::FlowEvent event;
    event.state = dataplane::FlowState::established;
    event.remaining = 9000;
    event.set_key(dataplane::KeyV4{1, 2, 3, 4, 6, {}});
    sync::append_entry(bytes, event, *config::IpAddress::parse("10.66.0.21"));
    event.set_key(dataplane::KeyV6{{1}, {2}, 3, 4, 17, {}});
    event.repeated = true;
    sync::append_entry(bytes, event, *config::IpAddress::parse("2001:db8::21"));
    event.state = dataplane::FlowEvent::end_of_pass;
    event.remaining = 1;
    sync::append_entry(bytes, event, {});
    return bytes;
}

// A datagram of the peer, as datagram_of() of the target reads it.
void datagram(Seed& seed, unsigned kind, sync::MessageType type, unsigned items, unsigned sequence,
              std::span<const std::uint8_t> contents) {
    seed.byte(1).byte(kind).byte(static_cast<unsigned>(type)).byte(items).byte(sequence);
    seed.two(static_cast<unsigned>(contents.size())).add(contents);
}

void write_synchronisation(const fs::path& corpus) {
    using Type = sync::MessageType;
    const std::vector<std::uint8_t> one{0, 0, 0, 1}, seven{0, 0, 0, 0, 0, 0, 0, 7};
    const auto all = entries();
    const auto tick = [](Seed& seed) { seed.byte(2).byte(50); };
    for (const bool configured : {true, false}) {
        Seed seed;
        seed.byte(configured ? 1 : 0);
        if (!configured) datagram(seed, 0, Type::heartbeat, 0, 0, {});
        tick(seed);
        datagram(seed, 0, Type::welcome, 1, 0, one);
        datagram(seed, 0, Type::data, 3, 2, all);
        datagram(seed, 0, Type::data, 3, 1, all);
        datagram(seed, 0, Type::heartbeat, 0, 9, {});
        for (int i = 0; i < 8; ++i) tick(seed);
        seed.write(corpus, "synchronisation", configured ? "from-a-peer" : "from-any-peer");
    }
    Seed seed;
    seed.byte(1);
    for (int i = 0; i < 3; ++i) seed.byte(3 | 4).add(std::span(all).first(60));
    datagram(seed, 0, Type::join, 0, 0, {});
    datagram(seed, 8, Type::repair, 1, 1, seven);
    seed.byte(3 | 8);
    tick(seed);
    seed.write(corpus, "synchronisation", "to-a-peer");
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fputs("usage: fuzz-seeds CORPUS\n", stderr);
        return 64;
    }
    try {
        write_checks(argv[1]);
        fuzz::write_packets(argv[1]);
        write_synchronisation(argv[1]);
        write_vrrp(argv[1]);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
