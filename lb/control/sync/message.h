// SPDX-License-Identifier: BSD-3-Clause
// The datagrams that directors synchronise by: a header, entries or other contents, and an HMAC
// (RFC 2104, SHA-256, truncated to 16 bytes) of all that precedes it. Numbers are in network order.
//
//   0  magic "LBDS"   4  version   5  type   6  number of items (2)
//   8  sender (8): drawn at its start       16  sequence (8)       24  other (8)
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "config/secret.h"

namespace lbd::control::sync {

enum class MessageType : std::uint8_t {
    data = 1,  // entries; `sequence` counts these datagrams from 1
    heartbeat, // `sequence`: of the last data; items: acknowledgements
    join,      // asks for the whole state; `other`: a nonce
    welcome,   // answer; `sequence`: of the last data; `other`: the nonce; one number: of the pass
    repair,    // asks `other`, a sender, to repeat data from `sequence` up to one number
};

struct Header {
    MessageType type{};
    std::uint16_t items = 0;
    std::uint64_t sender = 0;
    std::uint64_t sequence = 0;
    std::uint64_t other = 0;
};

using Bytes = std::vector<std::uint8_t>;
constexpr std::size_t header_size = 32;
constexpr std::size_t tag_size = 16;
constexpr std::size_t largest_message = 1400; // fits every link with its headers

// Fixed-size numbers in network order.
template <typename Number>
void put(Bytes& bytes, Number number) {
    for (int shift = static_cast<int>(sizeof(Number)) * 8 - 8; shift >= 0; shift -= 8)
        bytes.push_back(static_cast<std::uint8_t>(static_cast<std::uint64_t>(number) >> shift));
}

// Takes what it reads off the front. Past the end everything is zero and `complete` false.
class Reader {
  public:
    explicit Reader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

    template <typename Number>
    Number get() {
        std::uint64_t number = 0;
        for (const std::uint8_t byte : take(sizeof(Number))) number = number << 8 | byte;
        return static_cast<Number>(number);
    }
    std::span<const std::uint8_t> take(std::size_t count) {
        if (bytes_.size() < count) {
            complete_ = false;
            bytes_ = {};
            return {};
        }
        const auto front = bytes_.first(count);
        bytes_ = bytes_.subspan(count);
        return front;
    }
    bool complete() const { return complete_; }
    bool empty() const { return bytes_.empty(); }

  private:
    std::span<const std::uint8_t> bytes_;
    bool complete_ = true;
};

// A datagram that is ready to be sent.
Bytes seal(const Header& header, std::span<const std::uint8_t> contents, const config::Secret& key);

enum class Fault : std::uint8_t { format, version, authentication };

struct Opened {
    Header header;
    std::span<const std::uint8_t> contents; // of the datagram
};
// Empty, with the reason in `fault`, if it is none of ours.
std::optional<Opened> open(std::span<const std::uint8_t> datagram, const config::Secret& key,
                           Fault& fault);

} // namespace lbd::control::sync
