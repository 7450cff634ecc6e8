// SPDX-License-Identifier: BSD-3-Clause
#include "vrrp/packet.h"

#include <algorithm>

namespace lbd::vrrp {

namespace {

constexpr std::size_t header_size = 8;
constexpr std::size_t password_size = 8;
constexpr std::uint8_t type_advertisement = 1;
constexpr std::uint8_t auth_none = 0;
constexpr std::uint8_t auth_pass = 1;
constexpr std::uint8_t required_ttl = 255;

std::uint32_t sum_words(std::span<const std::uint8_t> bytes, std::uint32_t sum) {
    for (std::size_t i = 0; i < bytes.size(); ++i)
        sum += i % 2 == 0 ? std::uint32_t{bytes[i]} << 8 : std::uint32_t{bytes[i]};
    return sum;
}

std::uint16_t fold(std::uint32_t sum) {
    while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
}

std::uint16_t checksum(std::span<const std::uint8_t> message) {
    return fold(sum_words(message, 0));
}

std::uint16_t checksum_with_pseudo_header(std::span<const std::uint8_t> message,
                                          const Address& source, const Address& destination) {
    std::uint32_t sum = sum_words(source.to_bytes(), 0);
    sum = sum_words(destination.to_bytes(), sum);
    sum += ip_protocol + static_cast<std::uint32_t>(message.size());
    return fold(sum_words(message, sum));
}

// RFC 5798 5.2.8 was read in two ways: keepalived sums over an IPv4 pseudo-header in version 3,
// others (Cisco) do not, and RFC 9568 5.2.8 sides with these. Either is accepted.
bool checksum_holds(std::span<const std::uint8_t> message, unsigned version,
                    const Envelope& envelope) {
    if (checksum(message) == 0) return true;
    return version == 3 &&
           checksum_with_pseudo_header(message, envelope.source, envelope.destination) == 0;
}

std::string padded(const std::string& password) {
    std::string field = password.substr(0, password_size);
    field.resize(password_size, '\0');
    return field;
}

std::optional<Reject> authentication_fault(std::span<const std::uint8_t> message,
                                           std::size_t addresses, const Expectation& expected) {
    const std::uint8_t type = message[4];
    if (type != (expected.password ? auth_pass : auth_none)) return Reject::authentication_type;
    if (!expected.password) return std::nullopt;
    const auto field = message.subspan(header_size + 4 * addresses, password_size);
    const std::string wanted = padded(*expected.password);
    if (!std::equal(field.begin(), field.end(), wanted.begin(),
                    [](std::uint8_t a, char b) { return a == static_cast<std::uint8_t>(b); }))
        return Reject::password;
    return std::nullopt;
}

} // namespace

std::variant<Advertisement, Reject, OtherRouter> parse(std::span<const std::uint8_t> message,
                                                       const Envelope& envelope,
                                                       const Expectation& expected) {
    if (message.size() < header_size) return Reject::length;
    if (message[1] != expected.vrid) return OtherRouter{};
    if (envelope.source == expected.own_source) return Reject::own;
    if (envelope.ttl != required_ttl) return Reject::ttl;
    const unsigned version = message[0] >> 4;
    if (version != expected.version) return Reject::version;
    if ((message[0] & 0x0f) != type_advertisement) return Reject::type;
    const std::size_t addresses = message[3];
    const std::size_t needed = header_size + 4 * addresses + (version == 2 ? password_size : 0);
    if (message.size() < needed) return Reject::length;
    message = message.first(needed);
    if (!checksum_holds(message, version, envelope)) return Reject::checksum;

    Advertisement advertisement;
    advertisement.version = version;
    advertisement.vrid = message[1];
    advertisement.priority = message[2];
    if (version == 2) {
        if (const auto fault = authentication_fault(message, addresses, expected)) return *fault;
        advertisement.interval = std::chrono::seconds(message[5]);
        // RFC 3768 7.1: a different interval is a misconfiguration, and not learned.
        if (advertisement.interval != expected.interval) return Reject::interval;
    } else {
        const unsigned centiseconds = (message[4] & 0x0fu) << 8 | message[5];
        advertisement.interval = Milliseconds(10 * centiseconds);
        if (centiseconds == 0) return Reject::interval;
    }
    for (std::size_t i = 0; i < addresses; ++i) {
        Address::bytes_type bytes;
        std::copy_n(message.begin() + static_cast<std::ptrdiff_t>(header_size + 4 * i),
                    bytes.size(), bytes.begin());
        advertisement.addresses.emplace_back(bytes);
    }
    return advertisement;
}

std::vector<std::uint8_t> serialize(const Advertisement& advertisement, const Address& source,
                                    const Address& destination) {
    const bool v2 = advertisement.version == 2;
    std::vector<std::uint8_t> message{
        static_cast<std::uint8_t>(advertisement.version << 4 | type_advertisement),
        advertisement.vrid, advertisement.priority,
        static_cast<std::uint8_t>(advertisement.addresses.size())};
    if (v2) {
        message.push_back(advertisement.password ? auth_pass : auth_none);
        message.push_back(static_cast<std::uint8_t>(advertisement.interval.count() / 1000));
    } else {
        const auto centiseconds = static_cast<unsigned>(advertisement.interval.count() / 10);
        message.push_back(static_cast<std::uint8_t>(centiseconds >> 8 & 0x0f));
        message.push_back(static_cast<std::uint8_t>(centiseconds));
    }
    message.insert(message.end(), 2, 0); // the checksum's place
    for (const Address& address : advertisement.addresses)
        for (const std::uint8_t byte : address.to_bytes()) message.push_back(byte);
    if (v2)
        for (const char c : padded(advertisement.password.value_or("")))
            message.push_back(static_cast<std::uint8_t>(c));
    const std::uint16_t sum =
        v2 ? checksum(message) : checksum_with_pseudo_header(message, source, destination);
    message[6] = static_cast<std::uint8_t>(sum >> 8);
    message[7] = static_cast<std::uint8_t>(sum);
    return message;
}

} // namespace lbd::vrrp
