// SPDX-License-Identifier: BSD-3-Clause
#include "config/value_text.h"

#include <algorithm>
#include <cctype>
#include <stdexcept>

namespace lbd::config {

namespace {

std::string device_text(const Device& device) {
    switch (device.kind) {
        case Device::Kind::pci:
            return device.name;
        case Device::Kind::af_xdp:
            return "af_xdp:" + device.name;
        case Device::Kind::af_packet:
            return "af_packet:" + device.name;
        case Device::Kind::vdev:
            return "vdev:" + device.name;
    }
    return device.name;
}

struct Spell {
    std::string operator()(std::monostate) const { return ""; }
    std::string operator()(bool value) const { return value ? "true" : "false"; }
    std::string operator()(std::uint64_t value) const { return std::to_string(value); }
    std::string operator()(const std::string& value) const { return value; }
    std::string operator()(Milliseconds value) const { return duration_text(value); }
    std::string operator()(const IpAddress& value) const { return value.text(); }
    std::string operator()(const Prefix& value) const { return value.text(); }
    std::string operator()(const MacAddress& value) const { return value.text(); }
    std::string operator()(const Device& value) const { return device_text(value); }
    std::string operator()(const Secret&) const { return ""; } // is never shown
};

bool is_plain(char character) {
    return std::isalnum(static_cast<unsigned char>(character)) != 0 || character == '_' ||
           character == '-' || character == '.' || character == '/';
}

} // namespace

std::string value_text(const Value& value, const Type& type) {
    auto text = std::visit(Spell{}, value);
    if (type.parse(text) == value) {
        return text;
    }
    if (type.parse("any") == value) { // a port
        return "any";
    }
    throw std::logic_error("a value of the configuration that is not read as it is written");
}

std::string quoted_word(const std::string& word) {
    const bool plain = !word.empty() && word.front() != '-' && word.front() != '.' &&
                       word != "null" && word != "Null" && word != "NULL" &&
                       std::all_of(word.begin(), word.end(), is_plain);
    if (plain) {
        return word;
    }
    std::string quoted = "'";
    for (const char character : word) {
        quoted += character == '\'' ? "''" : std::string(1, character);
    }
    return quoted + '\'';
}

} // namespace lbd::config
