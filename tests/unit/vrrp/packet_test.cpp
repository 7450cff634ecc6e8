// SPDX-License-Identifier: BSD-3-Clause
#include "vrrp/packet.h"

#include <random>

#include "tests/unit/catch.h"

using namespace lbd::vrrp;
using Bytes = std::vector<std::uint8_t>;

namespace {

using boost::asio::ip::make_address;

const Address peer = make_address("10.0.0.2");
const Address own = make_address("10.0.0.1");
const Address vip = make_address("10.0.0.100");

Advertisement advertisement(unsigned version) {
    Advertisement result;
    result.version = version;
    result.vrid = 51;
    result.priority = 150;
    result.addresses = {vip, make_address("10.0.0.101")};
    return result;
}

Expectation expectation(unsigned version) {
    Expectation result;
    result.version = version;
    result.vrid = 51;
    result.own_source = own;
    return result;
}

Bytes message_of(const Advertisement& advertisement) {
    return serialize(advertisement, peer, multicast_group_v4);
}

// Sums the message anew, without a pseudo-header.
Bytes resealed(Bytes message) {
    message[6] = message[7] = 0;
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < message.size(); ++i)
        sum += i % 2 == 0 ? message[i] * 256u : message[i];
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
    message[6] = static_cast<std::uint8_t>(~sum >> 8);
    message[7] = static_cast<std::uint8_t>(~sum);
    return message;
}

auto received(const Bytes& message, const Expectation& expected, std::uint8_t ttl = 255) {
    return parse(message, {peer, multicast_group_v4, ttl}, expected);
}

Reject rejection(const Bytes& message, const Expectation& expected, std::uint8_t ttl = 255) {
    const auto parsed = received(message, expected, ttl);
    REQUIRE(std::holds_alternative<Reject>(parsed));
    return std::get<Reject>(parsed);
}

} // namespace

TEST_CASE("An advertisement is read as it was written") {
    const unsigned version = GENERATE(2u, 3u);
    const Advertisement sent = advertisement(version);
    const auto parsed = received(message_of(sent), expectation(version));
    REQUIRE(std::holds_alternative<Advertisement>(parsed));
    const auto& read = std::get<Advertisement>(parsed);
    CHECK(read.version == version);
    CHECK(read.vrid == 51);
    CHECK(read.priority == 150);
    CHECK(read.interval == Milliseconds(1000));
    CHECK(read.addresses == sent.addresses);
}

TEST_CASE("Version 2 has always room for a password, zero-padded") {
    Advertisement sent = advertisement(2);
    CHECK(message_of(sent).size() == 8 + 2 * 4 + 8);
    CHECK(message_of(sent)[4] == 0);
    sent.password = "abc";
    const Bytes message = message_of(sent);
    CHECK(message[4] == 1);
    CHECK(Bytes(message.end() - 8, message.end()) == Bytes{'a', 'b', 'c', 0, 0, 0, 0, 0});
}

TEST_CASE("Version 3 carries its interval in centiseconds") {
    Advertisement sent = advertisement(3);
    sent.interval = Milliseconds(40950);
    const Bytes message = message_of(sent);
    CHECK(message[4] == 0x0f);
    CHECK(message[5] == 0xff);
    CHECK(std::get<Advertisement>(received(message, expectation(3))).interval == sent.interval);
}

TEST_CASE("Version 3 over IPv4 is taken with and without a pseudo-header in its checksum") {
    const Bytes with = message_of(advertisement(3));
    const Bytes without = resealed(with);
    REQUIRE(with != without);
    CHECK(std::holds_alternative<Advertisement>(received(with, expectation(3))));
    CHECK(std::holds_alternative<Advertisement>(received(without, expectation(3))));
}

TEST_CASE("A pseudo-header binds version 3 to its source") {
    const auto parsed = parse(message_of(advertisement(3)),
                              {make_address("10.0.0.3"), multicast_group_v4, 255}, expectation(3));
    CHECK(std::get<Reject>(parsed) == Reject::checksum);
}

TEST_CASE("Version 3 goes over IPv6, whose pseudo-header is always in the checksum") {
    const Address peer6 = make_address("fe80::2"), own6 = make_address("fe80::1");
    Advertisement sent = advertisement(3);
    sent.addresses = {make_address("fe80::5e:0:200"), make_address("2001:db8::100")};
    Expectation expected = expectation(3);
    expected.own_source = own6;
    const Bytes message = serialize(sent, peer6, multicast_group_v6);
    CHECK(message.size() == 8 + 2 * 16);
    const Envelope envelope{peer6, multicast_group_v6, 255};
    const auto parsed = parse(message, envelope, expected);
    REQUIRE(std::holds_alternative<Advertisement>(parsed));
    CHECK(std::get<Advertisement>(parsed).addresses == sent.addresses);
    CHECK(std::get<Reject>(parse(resealed(message), envelope, expected)) == Reject::checksum);
    CHECK(std::get<Reject>(parse(message, {peer6, multicast_group_v6, 254}, expected)) ==
          Reject::ttl);
    const auto cut = std::span(message).first(message.size() - 1);
    CHECK(std::get<Reject>(parse(cut, envelope, expected)) == Reject::length);
}

TEST_CASE("With peers only their unicast adverts are taken, without them only the group's") {
    Expectation expected = expectation(3);
    const Bytes unicast = serialize(advertisement(3), peer, own);
    const auto verdict = [&](const Bytes& message, const Address& source,
                             const Address& destination, std::uint8_t ttl = 255) {
        const auto parsed = parse(message, {source, destination, ttl}, expected);
        const auto* reason = std::get_if<Reject>(&parsed);
        return reason != nullptr ? std::optional(*reason) : std::nullopt;
    };
    CHECK(verdict(unicast, peer, own) == Reject::destination);
    expected.peers = {make_address("10.0.0.9"), peer};
    CHECK(verdict(unicast, peer, own) == std::nullopt);
    CHECK(verdict(message_of(advertisement(3)), peer, multicast_group_v4) == Reject::destination);
    CHECK(verdict(unicast, make_address("10.0.0.3"), own) == Reject::peer);
    CHECK(verdict(unicast, peer, own, 253) == Reject::ttl);
    expected.least_ttl = 253;
    CHECK(verdict(unicast, peer, own, 253) == std::nullopt);
    CHECK(verdict(unicast, peer, own, 252) == Reject::ttl);
}

TEST_CASE("Another VRID is none of our business, however broken") {
    Bytes message = message_of(advertisement(3));
    message[1] = 52;
    CHECK(std::holds_alternative<OtherRouter>(received(message, expectation(3), 1)));
}

TEST_CASE("What cannot be an advertisement to us is rejected with the reason") {
    const unsigned version = GENERATE(2u, 3u);
    const Bytes good = message_of(advertisement(version));
    const Expectation expected = expectation(version);
    Bytes bad = good;

    CHECK(rejection(good, expected, 254) == Reject::ttl);
    CHECK(rejection(good, expectation(5 - version)) == Reject::version);
    bad[0] = static_cast<std::uint8_t>(version << 4 | 2);
    CHECK(rejection(bad, expected) == Reject::type);
    bad = good;
    bad[2] ^= 1; // the priority
    CHECK(rejection(bad, expected) == Reject::checksum);
    bad = good;
    bad[3] = 255; // more addresses than there is room for
    CHECK(rejection(bad, expected) == Reject::length);
    CHECK(rejection(Bytes(good.begin(), good.begin() + 7), expected) == Reject::length);
    CHECK(rejection(Bytes(good.begin(), good.end() - 1), expected) == Reject::length);
    CHECK(rejection({}, expected) == Reject::length);
    CHECK(std::get<Reject>(parse(good, {own, multicast_group_v4, 255}, expected)) == Reject::own);
}

TEST_CASE("Version 2 rejects another interval, version 3 learns it") {
    for (const unsigned version : {2u, 3u}) {
        Advertisement sent = advertisement(version);
        sent.interval = Milliseconds(2000);
        const auto parsed = received(message_of(sent), expectation(version));
        if (version == 2)
            CHECK(std::get<Reject>(parsed) == Reject::interval);
        else
            CHECK(std::get<Advertisement>(parsed).interval == Milliseconds(2000));
    }
}

TEST_CASE("An interval of zero would make a busy loop and is rejected") {
    Bytes message = message_of(advertisement(3));
    message[4] = message[5] = 0;
    CHECK(rejection(resealed(message), expectation(3)) == Reject::interval);
}

TEST_CASE("The password decides in version 2") {
    using Password = std::optional<std::string>;
    struct Row {
        Password sent, expected;
        std::optional<Reject> verdict;
    };
    const auto row = GENERATE(
        Row{"secret", "secret", std::nullopt}, Row{"secret", "Secret", Reject::password},
        Row{"secret", "secretly", Reject::password}, Row{"secretly", "secret", Reject::password},
        Row{"12345678", "123456789", std::nullopt}, // keepalived cuts at eight characters, too
        Row{std::nullopt, "secret", Reject::authentication_type},
        Row{"secret", std::nullopt, Reject::authentication_type});
    Advertisement sent = advertisement(2);
    sent.password = row.sent;
    Expectation expected = expectation(2);
    expected.password = row.expected;
    const auto parsed = received(message_of(sent), expected);
    if (row.verdict)
        CHECK(std::get<Reject>(parsed) == *row.verdict);
    else
        CHECK(std::holds_alternative<Advertisement>(parsed));
}

TEST_CASE("No message of chance or malice is read beyond its end") {
    std::mt19937 random(20240401);
    const auto byte = [&] { return static_cast<std::uint8_t>(random()); };
    Expectation expected = expectation(2);
    expected.password = "secret";
    for (unsigned round = 0; round < 100000; ++round) {
        Bytes message(random() % 64); // on the heap, so that a sanitizer sees its end
        for (auto& one : message) one = byte();
        if (message.size() >= 8 && round % 4 != 0) {
            const unsigned version = 2 + round % 2;
            message[0] = static_cast<std::uint8_t>(version << 4 | 1);
            message[1] = 51;
            message[3] %= 16;
            message = resealed(message);
        }
        expected.version = 2 + random() % 2;
        const auto parsed = received(message, expected);
        if (const auto* read = std::get_if<Advertisement>(&parsed))
            CHECK(8 + 4 * read->addresses.size() <= message.size());
    }
}

TEST_CASE("Every reason to reject has a text") {
    for (const auto& name : reject_names) CHECK(!name.empty());
}
