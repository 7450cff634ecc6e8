// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/sync/message.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>

namespace lbd::control::sync {

namespace {

constexpr std::uint32_t magic = 0x4c424453; // LBDS
constexpr std::uint8_t version = 1;

std::array<std::uint8_t, EVP_MAX_MD_SIZE> tag_of(std::span<const std::uint8_t> bytes,
                                                 const config::Secret& key) {
    std::array<std::uint8_t, EVP_MAX_MD_SIZE> tag{};
    const std::string_view text = key.reveal();
    HMAC(EVP_sha256(), text.data(), static_cast<int>(text.size()), bytes.data(), bytes.size(),
         tag.data(), nullptr);
    return tag;
}

} // namespace

Bytes seal(const Header& header, std::span<const std::uint8_t> contents,
           const config::Secret& key) {
    Bytes bytes;
    bytes.reserve(header_size + contents.size() + tag_size);
    put(bytes, magic);
    put(bytes, version);
    put(bytes, static_cast<std::uint8_t>(header.type));
    put(bytes, header.items);
    put(bytes, header.sender);
    put(bytes, header.sequence);
    put(bytes, header.other);
    bytes.insert(bytes.end(), contents.begin(), contents.end());
    const auto tag = tag_of(bytes, key);
    bytes.insert(bytes.end(), tag.begin(), tag.begin() + tag_size);
    return bytes;
}

std::optional<Opened> open(std::span<const std::uint8_t> datagram, const config::Secret& key,
                           Fault& fault) {
    fault = Fault::format;
    if (datagram.size() < header_size + tag_size) return std::nullopt;
    Reader reader(datagram);
    if (reader.get<std::uint32_t>() != magic) return std::nullopt;
    fault = Fault::version;
    if (reader.get<std::uint8_t>() != version) return std::nullopt;
    fault = Fault::authentication;
    const auto signed_part = datagram.first(datagram.size() - tag_size);
    const auto tag = tag_of(signed_part, key);
    if (CRYPTO_memcmp(tag.data(), datagram.data() + signed_part.size(), tag_size) != 0)
        return std::nullopt;
    Opened opened;
    opened.header.type = static_cast<MessageType>(reader.get<std::uint8_t>());
    opened.header.items = reader.get<std::uint16_t>();
    opened.header.sender = reader.get<std::uint64_t>();
    opened.header.sequence = reader.get<std::uint64_t>();
    opened.header.other = reader.get<std::uint64_t>();
    opened.contents = signed_part.subspan(header_size);
    return opened;
}

} // namespace lbd::control::sync
