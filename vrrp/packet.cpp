// SPDX-License-Identifier: BSD-3-Clause
#include "vrrp/packet.h"

#include <algorithm>

#include "vrrp/checksum.h"

namespace lbd::vrrp {

namespace {

constexpr std::size_t header_size = 8;
constexpr std::size_t password_size = 8;
constexpr std::uint8_t type_advertisement = 1;
constexpr std::uint8_t auth_none = 0;
constexpr std::uint8_t auth_pass = 1;

std::size_t size_of_address(const Address& of_family) {
    return of_family.is_v4() ? 4 : 16;
}

std::uint32_t sum_address(const Address& address, std::uint32_t sum) {
    return address.is_v4() ? sum_words(address.to_v4().to_bytes(), sum)
                           : sum_words(address.to_v6().to_bytes(), sum);
}

std::uint16_t checksum(std::span<const std::uint8_t> message) {
    return fold(sum_words(message, 0));
}

std::uint16_t checksum_with_pseudo_header(std::span<const std::uint8_t> message,
                                          const Address& source, const Address& destination) {
    std::uint32_t sum = sum_address(destination, sum_address(source, 0));
    sum += ip_protocol + static_cast<std::uint32_t>(message.size());
    return fold(sum_words(message, sum));
}

// RFC 5798 5.2.8 was read in two ways: keepalived sums over an IPv4 pseudo-header in version 3,
// others (Cisco) do not, and RFC 9568 5.2.8 sides with these. Either is accepted. IPv6 has always
// had one (RFC 8200 8.1).
bool checksum_holds(std::span<const std::uint8_t> message, unsigned version,
                    const Envelope& envelope) {
    if (envelope.source.is_v4() && checksum(message) == 0) return true;
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

std::optional<Reject> envelope_fault(const Envelope& envelope, const Expectation& expected) {
    if (envelope.source == expected.own_source) return Reject::own;
    if (envelope.destination.is_multicast() != expected.peers.empty()) return Reject::destination;
    if (!expected.peers.empty() && std::find(expected.peers.begin(), expected.peers.end(),
                                             envelope.source) == expected.peers.end())
        return Reject::peer;
    if (envelope.ttl < expected.least_ttl) return Reject::ttl;
    return std::nullopt;
}

std::vector<Address> addresses_in(std::span<const std::uint8_t> bytes, bool v4) {
    std::vector<Address> addresses;
    const auto read = [&](auto array, auto make) {
        for (; bytes.size() >= array.size(); bytes = bytes.subspan(array.size())) {
            std::copy_n(bytes.begin(), array.size(), array.begin());
            addresses.emplace_back(make(array));
        }
    };
    namespace ip = boost::asio::ip;
    if (v4)
        read(ip::address_v4::bytes_type{}, [](const auto& array) { return ip::address_v4(array); });
    else
        read(ip::address_v6::bytes_type{}, [](const auto& array) { return ip::address_v6(array); });
    return addresses;
}

void append(std::vector<std::uint8_t>& message, const Address& address) {
    const auto put = [&](const auto& bytes) {
        message.insert(message.end(), bytes.begin(), bytes.end());
    };
    if (address.is_v4())
        put(address.to_v4().to_bytes());
    else
        put(address.to_v6().to_bytes());
}

} // namespace

std::variant<Advertisement, Reject, OtherRouter> parse(std::span<const std::uint8_t> message,
                                                       const Envelope& envelope,
                                                       const Expectation& expected) {
    if (message.size() < header_size) return Reject::length;
    if (message[1] != expected.vrid) return OtherRouter{};
    if (const auto fault = envelope_fault(envelope, expected)) return *fault;
    const unsigned version = message[0] >> 4;
    if (version != expected.version) return Reject::version;
    if ((message[0] & 0x0f) != type_advertisement) return Reject::type;
    const std::size_t addresses = message[3];
    const std::size_t list_size = addresses * size_of_address(envelope.source);
    const std::size_t needed = header_size + list_size + (version == 2 ? password_size : 0);
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
    advertisement.addresses =
        addresses_in(message.subspan(header_size, list_size), envelope.source.is_v4());
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
    for (const Address& address : advertisement.addresses) append(message, address);
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
